/* The service, row by row. */
#include "rpc/method.h"

#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

#define METHOD(svc, rpc, handler, bits, max)                                          \
    {                                                                                 \
        .service = &twofold__v1__##svc##__descriptor, .name = rpc, .handle = handler, \
        .traits = bits, .request_max = max                                            \
    }

enum { SMALL = REQUEST_BYTES_SMALL, LARGE = REQUEST_BYTES };
enum { MUTATES_KNOWN_USER = RPC_MUTATES | RPC_KNOWN_USER };

const struct rpc_method rpc_methods[] = {
    METHOD(login, "ConfirmPassword", rpc_confirm_password, RPC_MUTATES | RPC_CHECKS_PASSWORD,
           LARGE),
    METHOD(login, "Login", rpc_login, RPC_MUTATES | RPC_CHECKS_PASSWORD | RPC_FIRST_FACTOR, SMALL),

    METHOD(enrollment, "Begin", rpc_begin, RPC_MUTATES | RPC_SHOWS_QR, LARGE),
    METHOD(enrollment, "Confirm", rpc_confirm, RPC_MUTATES, LARGE),
    METHOD(enrollment, "Complete", rpc_complete, RPC_MUTATES, LARGE),
    METHOD(enrollment, "Cancel", rpc_cancel, RPC_MUTATES, LARGE),
    METHOD(enrollment, "Disable", rpc_disable, RPC_MUTATES, LARGE),
    METHOD(enrollment, "RegenerateRecoveryCodes", rpc_regenerate_recovery_codes, RPC_MUTATES,
           LARGE),

    METHOD(verification, "Verify", rpc_verify, RPC_MUTATES | RPC_SECOND_FACTOR, SMALL),
    METHOD(verification, "GetStatus", rpc_get_status, 0, LARGE),

    METHOD(admin, "PutUser", rpc_put_user, RPC_MUTATES | RPC_HASHES_PASSWORD, LARGE),
    METHOD(admin, "DeleteUser", rpc_delete_user, MUTATES_KNOWN_USER, LARGE),
    METHOD(admin, "ListUsers", rpc_list_users, 0, LARGE),
    METHOD(admin, "ResetSecondFactor", rpc_reset_second_factor, MUTATES_KNOWN_USER, LARGE),
    METHOD(admin, "Unlock", rpc_unlock, MUTATES_KNOWN_USER, LARGE),
    METHOD(admin, "GetPolicy", rpc_get_policy, 0, LARGE),
    METHOD(admin, "PutPolicy", rpc_put_policy, RPC_MUTATES | RPC_CREATES_ORG, LARGE),
    METHOD(admin, "IssueStepToken", rpc_issue_step_token, MUTATES_KNOWN_USER, LARGE),
    METHOD(admin, "ImportAuthenticator", rpc_import_authenticator, MUTATES_KNOWN_USER, LARGE),
    METHOD(admin, "ImportUser", rpc_import_user, RPC_MUTATES, LARGE),
    METHOD(admin, "CheckpointAudit", rpc_checkpoint_audit, 0, LARGE),
};

const size_t rpc_methods_n = ARRAY_LEN(rpc_methods);
