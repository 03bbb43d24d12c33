"""The channel to one destination: its calls, its rate, its token and its state. Knows no run.

channel             one connection: settings, secrets, calls
identity            what tells it from others: settings, and the address
call                a call of a destination's function, and its result
invoke              run the function, in a thread if it is a plain one
function_requests   the requests that it makes
masked              its errors, without secrets
bypass              whether it may have sent by other means
throttle            when its requests may be sent
token               the access token in them
poll_round          poll many operations, in smaller groups if that fails
state, scoped_state what functions store between calls
"""
