"""What a notebook shows: the live monitor of a run and the record that stays when it is saved."""
