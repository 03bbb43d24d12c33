"""What a notebook shows.

display        where that is hooked up
show           a run: the live monitor, and a record of it
monitor        the live table of a run; monitor_js/ is its part in the browser
record         what a saved notebook keeps of a run
run_line       a run in one line; wait_line shows it where a cell waits
progress_line  how far a slow function is
tables         destinations, actions, connections and sessions
plot           a figure of a run
shell          who looks at a cell, if anybody does
outer_box      what all of that is in, and what to upgrade where a page cannot draw it
page           a view of such a box in marimo; page_js/ is its part in the browser
explorer       from a destination to a run by clicking
"""
