# What is left lying around: logs, events, files, memory; and times that tell.
