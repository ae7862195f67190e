#include "bus_settings.h"

struct bus_options bus_settings(const struct config *c)
{
    return (struct bus_options){.url = c->nats_url,
                                .name = "twofoldd",
                                .creds_file = c->nats_creds,
                                .nkey_file = c->nats_nkey_file,
                                .tls_ca = c->nats_tls_ca,
                                .tls_cert = c->nats_tls_cert,
                                .tls_key = c->nats_tls_key,
                                .serves = true};
}

struct bus_options bus_settings_of_audit(const struct config *c)
{
    struct bus_options o = bus_settings(c);

    o.name = "twofoldd-audit";
    o.inbox_prefix = BUS_AUDIT_INBOX;
    o.serves = false;
    if (*c->audit_nats_url)
        o.url = c->audit_nats_url;
    if (*c->audit_nats_creds || *c->audit_nats_nkey_file) {
        o.creds_file = c->audit_nats_creds;
        o.nkey_file = c->audit_nats_nkey_file;
    }
    return o;
}

struct bus_options bus_settings_of_health(const struct config *c)
{
    struct bus_options o = bus_settings(c);

    o.name = "twofoldd health";
    o.inbox_prefix = BUS_HEALTH_INBOX;
    o.serves = false;
    if (*c->health_nats_creds || *c->health_nats_nkey_file) {
        o.creds_file = c->health_nats_creds;
        o.nkey_file = c->health_nats_nkey_file;
        o.login_settings = "TWOFOLD_HEALTH_NATS";
    }
    return o;
}
