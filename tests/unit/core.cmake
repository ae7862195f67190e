foreach(module audit base32 lockout otp otp_verify otpauth policy recovery uri user)
    twofold_test(unit core/test_${module} USES twofold_core)
endforeach()

# Counts the HMACs that a verification computes, and makes one fail.
target_link_options(test_otp_verify PRIVATE -Wl,--wrap=mac_hmac)
