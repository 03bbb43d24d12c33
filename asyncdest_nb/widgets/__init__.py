"""What a notebook shows.

monitor   a run as it goes on: the live table, with monitor.js in the browser
record    what stays of it when the notebook is saved
show      the two of them, as a run displays itself
following how far something slow is
tables    destinations, actions, connections and sessions
explorer  from a destination to a run by clicking
plot      a figure of a run
"""
