#include "support/valid.h"

enum { SMALL = 1024, LARGE = 8192 };

const struct valid valid[] = {
    {"login.confirm_password", {{"username", "ada"}, {"password", PASSWORD}}, LARGE},
    {"login.login", {{"username", "ada"}, {"password", PASSWORD}, {"code", "123456"}}, SMALL},
    {"enrollment.begin", {{"step_token", "A"}, {"label", "phone"}, {"code", "123456"}}, LARGE},
    {"enrollment.confirm",
     {{"step_token", "A"},
      {"code", "123456"},
      {"secret", "GEZDGNBVGY3TQOJQ"},
      {"activate", "true"}},
     LARGE},
    {"enrollment.complete", {{"step_token", "A"}}, LARGE},
    {"enrollment.cancel", {{"step_token", "A"}}, LARGE},
    {"enrollment.disable", {{"step_token", "A"}, {"recovery_code", WRONG_RECOVERY}}, LARGE},
    {"enrollment.regenerate_recovery_codes", {{"step_token", "A"}, {"code", "123456"}}, LARGE},
    {"verification.verify", {{"username", "ada"}, {"code", "123456"}, {"purpose", "test"}}, SMALL},
    {"verification.get_status", {{"username", "ada"}}, LARGE},
    {"admin.put_user", {{"username", "ada"}, {"password", PASSWORD}}, LARGE},
    {"admin.delete_user", {{"username", "ada"}}, LARGE},
    {"admin.list_users", {{NULL, NULL}}, LARGE},
    {"admin.reset_second_factor", {{"username", "ada"}}, LARGE},
    {"admin.unlock", {{"username", "ada"}}, LARGE},
    {"admin.get_policy", {{NULL, NULL}}, LARGE},
    {"admin.put_policy", {{NULL, NULL}}, LARGE},
    {"admin.issue_step_token", {{"username", "ada"}}, LARGE},
    {"admin.import_authenticator", {{"username", "ada"}, {"otpauth_uri", VALID_URI}}, LARGE},
    {"admin.import_user",
     {{"username", "ada"}, {"password_hash", VALID_HASH}, {"otpauth_uris", VALID_URI}},
     LARGE},
    {"admin.checkpoint_audit", {{NULL, NULL}}, LARGE},
};
const size_t n_valid = ARRAY_LEN(valid);
