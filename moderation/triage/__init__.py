"""The queue a person works down: verdicts and history to a priority, decisions to labels.

`queue.open_queue` is the way in; everything a page or a command needs is a method of `queue.Queue`, or a function in
`messages`, `figures`, `estimates`, `sampling` and `exporting` that takes one.
"""
