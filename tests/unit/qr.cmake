twofold_test(unit qr/test_qr_qrencode USES twofold_qr)
twofold_test(unit qr/test_qr_png SOURCES unit/qr/scan.c USES twofold_qr)
twofold_test(unit qr/test_qr_svg SOURCES unit/qr/scan.c USES twofold_qr)

# Lets an allocation fail, so that libpng's jump out of an error is taken.
target_link_options(test_qr_png PRIVATE -Wl,--wrap=malloc)
