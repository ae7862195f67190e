#include "bus_fixture.h"
#include "support/scratch.h"

/* A private CA that has signed a server for 127.0.0.1, one for another name, one whose time is
 * over, and a client; and a second CA that has signed none of them. */
static const char make_certificates[] =
    "cd %s && exec 2>/dev/null && set -e\n"
    "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "for ca in ca other; do openssl req -x509 $key -keyout $ca.key -out $ca.pem"
    " -subj /CN=$ca -days 2; done\n"
    "make() { openssl req $key -keyout $1.key -out $1.csr -subj /CN=$1\n"
    " echo subjectAltName=$2 > $1.ext\n"
    " $4 openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $3"
    " -extfile $1.ext -out $1.pem; }\n"
    "make server IP:127.0.0.1 2; make elsewhere DNS:bus.example 2; make client email:t@example 2\n"
    "make expired IP:127.0.0.1 1 'faketime -f -3d'\n";

struct pki {
    struct scratch dir;
    char ca[128], other_ca[128], cert[128], key[128], config[512];
};

static struct pki pki_make(const char *server_name, bool verify)
{
    struct pki p;
    char command[sizeof make_certificates + 64];

    scratch_make(&p.dir);
    snprintf(command, sizeof command, make_certificates, p.dir.folder);
    assert_int_equal(system(command), 0);
    snprintf(p.ca, sizeof p.ca, "%s/ca.pem", p.dir.folder);
    snprintf(p.other_ca, sizeof p.other_ca, "%s/other.pem", p.dir.folder);
    snprintf(p.cert, sizeof p.cert, "%s/client.pem", p.dir.folder);
    snprintf(p.key, sizeof p.key, "%s/client.key", p.dir.folder);
    snprintf(p.config, sizeof p.config,
             "tls { cert_file: \"%s/%s.pem\", key_file: \"%s/%s.key\", ca_file: \"%s\", verify: %s "
             "}\n",
             p.dir.folder, server_name, p.dir.folder, server_name, p.ca, verify ? "true" : "false");
    return p;
}

static enum err try_open(const struct bus_options *options, struct diag *reterr)
{
    struct bus *bus = NULL;
    enum err err = bus_open(options, once, NULL, &bus, reterr);

    bus_close(bus);
    return err;
}

static void a_server_of_our_ca_is_trusted_and_no_other(void **state)
{
    struct pki p = pki_make("server", false);
    struct nats_server s = nats_server_start(p.config);
    struct bus_options o = {.url = s.url, .tls_ca = p.ca};
    struct diag diag = {0};
    char plain[64];

    (void)state;
    assert_int_equal(try_open(&o, &diag), ERR_OK);
    snprintf(plain, sizeof plain, "nats://127.0.0.1:%d", s.port);
    o.url = plain;
    assert_int_equal(try_open(&o, &diag), ERR_OK);
    o.tls_ca = p.other_ca;
    assert_int_equal(try_open(&o, &diag), ERR_VALIDATION);
    assert_non_null(strstr(diag.text, "own certificate in TWOFOLD_NATS_TLS_CA"));
    o.tls_ca = NULL;
    assert_int_equal(try_open(&o, &diag), ERR_VALIDATION);
    o.url = s.url;
    assert_int_equal(try_open(&o, &diag), ERR_VALIDATION);
    nats_server_stop(&s);
    scratch_remove(&p.dir);
}

static void expect_refused_certificate(const char *which, const char *why)
{
    struct pki p = pki_make(which, false);
    struct nats_server s = nats_server_start(p.config);
    struct diag diag = {0};

    assert_int_equal(try_open(&(struct bus_options){.url = s.url, .tls_ca = p.ca}, &diag),
                     ERR_VALIDATION);
    if (!strstr(diag.text, why))
        fail_msg("\"%s\" is not in: %s", why, diag.text);
    nats_server_stop(&s);
    scratch_remove(&p.dir);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    expect_refused_certificate("elsewhere", "its certificate is for another host");
}

static void an_expired_certificate_is_refused(void **state)
{
    (void)state;
    expect_refused_certificate("expired", "its certificate has expired");
}

static void a_client_certificate_is_shown_when_there_is_one(void **state)
{
    struct pki p = pki_make("server", true);
    struct nats_server s = nats_server_start(p.config);
    struct bus_options o = {.url = s.url, .tls_ca = p.ca};
    struct diag diag = {0};

    (void)state;
    assert_int_not_equal(try_open(&o, &diag), ERR_OK);
    o.tls_cert = p.cert;
    o.tls_key = p.key;
    assert_int_equal(try_open(&o, &diag), ERR_OK);
    nats_server_stop(&s);
    scratch_remove(&p.dir);
}

static void a_tls_address_is_never_used_in_the_clear(void **state)
{
    struct nats_server s = nats_server_start(NULL);
    struct diag diag = {0};
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "tls://127.0.0.1:%d", s.port);
    assert_int_equal(try_open(&(struct bus_options){.url = url}, &diag), ERR_VALIDATION);
    assert_non_null(strstr(diag.text, "it does not offer TLS"));
    nats_server_stop(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_server_of_our_ca_is_trusted_and_no_other),
    cmocka_unit_test(a_certificate_for_another_name_is_refused),
    cmocka_unit_test(an_expired_certificate_is_refused),
    cmocka_unit_test(a_client_certificate_is_shown_when_there_is_one),
    cmocka_unit_test(a_tls_address_is_never_used_in_the_clear),
};

RUN(tests)
