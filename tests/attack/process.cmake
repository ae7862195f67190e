# What a process that was taken over could do.
