# Attacks on the rules: the whole service in one process, with a clock that the test sets.
