foreach(module audit base32 lockout odds otp otp_verify otpauth policy recovery uri user)
    twofold_test(unit core/test_${module} USES twofold_core)
endforeach()

# Counts the HMACs that a verification computes, and makes one fail.
target_link_options(test_otp_verify PRIVATE -Wl,--wrap=mac_hmac)

# Remembers HMACs, so that every code there is can be tried.
target_link_options(test_odds PRIVATE -Wl,--wrap=mac_hmac)
target_link_libraries(test_odds PRIVATE m)
