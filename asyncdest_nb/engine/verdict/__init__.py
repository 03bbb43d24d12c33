"""What answers and errors mean: values in, values out. Knows no run and no channel."""
