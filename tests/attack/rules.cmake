# Attacks on the rules: the whole service in one process, with a clock that the test sets.
foreach(name IN ITEMS once code_shapes guessing password_attacks strangers
        recovery_attacks enrollment_attacks tokens token_purposes
        usernames uri_adversaries hostile_bytes bit_flips callers
        lost_replies trouble no_entropy full_database changed_rows moved_seals canaries)
    twofold_test(attack test_${name} USES test_service)
endforeach()

# Makes the generator fail.
target_link_options(test_no_entropy PRIVATE
    -Wl,--wrap=random_bytes -Wl,--wrap=random_ahead -Wl,--wrap=random_uuid7)

# Looks at memory that is given back.
target_link_options(test_canaries PRIVATE -Wl,--wrap=free)
