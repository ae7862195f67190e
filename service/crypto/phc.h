/* The text form of a password hash: "$scrypt$ln=14,r=8,p=5$<salt>$<hash>". Knows no cryptography.
 */
#ifndef TWOFOLD_CRYPTO_PHC_H
#define TWOFOLD_CRYPTO_PHC_H

#include "crypto/scrypt.h"

enum { PHC_SALT_BYTES = 16 };

struct phc {
    struct password_cost cost;
    uint8_t salt[PHC_SALT_BYTES];
    uint8_t hash[SCRYPT_HASH_BYTES];
};

/* Is COST one that we would compute? ln 1..24, r 1..32, p 1..16 and at most 1 GiB, so that no
 * stored text can make the service take all memory. */
bool phc_cost_valid(const struct password_cost *cost);

/* Parses TEXT, which must have exactly the form that phc_format gives, with a valid cost. */
bool phc_parse(const char *text, struct phc *ret_phc);

void phc_format(const struct phc *phc, char ret_text[static PHC_MAX]);

/* Empties and wipes; the empty value matches nothing. */
void phc_wipe(struct phc *phc);
#define auto_phc CLEANUP(phc_wipe) struct phc

#endif
