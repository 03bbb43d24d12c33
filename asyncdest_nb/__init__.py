"""Send the rows of a DataFrame to destinations that answer later."""
