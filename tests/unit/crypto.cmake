foreach(name aead base64 keyring keyring_edit keyring_file mac password password_pool random sign)
    twofold_test(unit crypto/test_${name} USES twofold_crypto)
endforeach()
