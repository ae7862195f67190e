foreach(module audit base32 lockout odds otp otp_offset otp_verify otpauth policy recovery repeats
               uri user verbs verify)
    twofold_test(unit core/test_${module} USES twofold_core)
endforeach()

# Count the HMACs that a verification computes, and make one fail.
foreach(module otp_offset otp_verify verify)
    target_link_options(test_${module} PRIVATE -Wl,--wrap=mac_under)
endforeach()

# Remembers HMACs, so that every code there is can be tried.
target_link_options(test_odds PRIVATE
    -Wl,--wrap=mac_key_borrow -Wl,--wrap=mac_key_return -Wl,--wrap=mac_under)
target_link_libraries(test_odds PRIVATE m)
