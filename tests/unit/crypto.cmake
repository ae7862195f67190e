foreach(name aead base64 key_memory keyring keyring_edit keyring_file mac password random sign)
    twofold_test(unit crypto/test_${name} USES twofold_crypto)
endforeach()

# Makes libcrypto's generator fail, and counts how often it is asked.
target_link_options(test_random PRIVATE -Wl,--wrap=RAND_bytes_ex)
