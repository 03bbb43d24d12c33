"""What answers and errors mean: values in, values out. Knows no run and no channel.

values       what can become of an operation: Accepted, Finished, Rejected, Resend, Unsure
submission   from the answer or the error of a submission to such a value
contexts     from contexts and row outcomes in that answer
refusal      how a batch that was refused as a whole is divided
job_answer   from the answers of the framework's later async action
immediate    whether an answer without contexts states an end
odd_answer   an answer that nobody meant, and what to write instead
recovery     what can be done about a submission in doubt
check        which rows an action's own check refuses
poll         from the answer of a poll to results
outcome      from results to what an operation stores
trouble      whether an error is a problem of the network, and its text
"""
