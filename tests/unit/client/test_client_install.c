/* The library as a stranger finds it: installed, through pkg-config, shared and static. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/client/peer.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <twofold/v1/verification.pb-c.h>

#if defined(__SANITIZE_ADDRESS__)
#define EXTRA_FLAGS "-fsanitize=address,undefined"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EXTRA_FLAGS "-fsanitize=address,undefined"
#endif
#endif
#ifndef EXTRA_FLAGS
#define EXTRA_FLAGS ""
#endif

static const char program[] =
    "#include <stdio.h>\n"
    "#include <twofold/client.h>\n"
    "#include <twofold/v1/verification.pb-c.h>\n"
    "int main(int argc, char **argv)\n"
    "{\n"
    "    struct twofold_client_options options = {.url = argv[argc - 1], .org = \"acme\"};\n"
    "    struct twofold_client *client;\n"
    "    struct twofold_error error;\n"
    "    ProtobufCMessage *reply;\n"
    "    Twofold__V1__GetStatusRequest ask = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;\n"
    "    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,\n"
    "                                .method = \"GetStatus\", .request = &ask.base};\n"
    "    ask.username = \"alice\";\n"
    "    if (twofold_client_connect(&options, &client, &error) ||\n"
    "        twofold_client_call(client, &call, &reply, &error))\n"
    "        return fprintf(stderr, \"%s\\n\", error.message), 1;\n"
    "    printf(\"%d\\n\", (int)((Twofold__V1__GetStatusReply *)reply)->recovery_codes_left);\n"
    "    twofold_reply_free(reply);\n"
    "    twofold_client_close(client);\n"
    "    return 0;\n"
    "}\n";

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__GetStatusReply reply = TWOFOLD__V1__GET_STATUS_REPLY__INIT;

    (void)request;
    (void)ctx;
    reply.recovery_codes_left = 42;
    answer->reply = &reply.base;
}

/* Runs a shell command in the scratch folder; fails the test when it fails. */
static void shell(const struct scratch *s, const char *command)
{
    char line[2048];
    int status;

    snprintf(line, sizeof line,
             "cd %s && export PKG_CONFIG_PATH=$PWD/root/" LIBRARY_FOLDER
             "/pkgconfig LD_LIBRARY_PATH=$PWD/root/" LIBRARY_FOLDER " && %s",
             s->folder, command);
    status = system(line);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("failed: %s", line);
}

static void install(struct scratch *s)
{
    scratch_make(s);
    shell(s, "cmake --install " BUILD_FOLDER " --component client --prefix $PWD/root >install.log");
    scratch_write(s, "program.c", program, 0600);
}

static void remove_all(struct scratch *s)
{
    shell(s, "rm -r root");
    scratch_remove(s);
}

static void run_program(struct scratch *s)
{
    struct nats_server server = nats_server_start(NULL);
    struct peer *peer = peer_start(server.url, "twofold.v1.acme.>", answer, NULL);
    char command[256];

    snprintf(command, sizeof command, "./program %s | grep -qx 42", server.url);
    shell(s, command);
    peer_stop(peer);
    nats_server_stop(&server);
}

static void a_program_links_the_shared_library(void **state)
{
    struct scratch s;

    (void)state;
    install(&s);
    shell(&s, C_COMPILER " " EXTRA_FLAGS " -Wall -Wextra -Wpedantic -Werror -std=c11 "
                         "$(pkg-config --cflags twofold-client) -o program program.c "
                         "$(pkg-config --libs twofold-client)");
    shell(&s, "readelf -d program | grep -q 'NEEDED.*libtwofold-client.so.0]'");
    shell(&s, "! nm -D --defined-only root/" LIBRARY_FOLDER
              "/libtwofold-client.so | grep -vE ' (twofold_|__odr_asan)' | grep -q .");
    run_program(&s);
    remove_all(&s);
}

static void a_program_links_the_static_library(void **state)
{
    struct scratch s;

    (void)state;
    install(&s);
    shell(&s, "rm root/" LIBRARY_FOLDER "/libtwofold-client.so*");
    shell(&s, C_COMPILER " " EXTRA_FLAGS " -o program $(pkg-config --cflags twofold-client) "
                         "program.c $(pkg-config --static --libs twofold-client)");
    run_program(&s);
    remove_all(&s);
}

/* What people copy: the sample at the header's top, as a function's body. */
static void the_sample_of_the_header_compiles(void **state)
{
    struct scratch s;

    (void)state;
    install(&s);
    shell(&s, "{ printf '#include <stdio.h>\\n#include <twofold/client.h>\\n"
              "#include <twofold/v1/verification.pb-c.h>\\nvoid sample(void);\\n"
              "void sample(void)\\n{\\n'; "
              "sed -n '1,/^ \\*\\/$/s/^ \\*     //p' root/include/twofold/client.h; echo '}'; } "
              ">sample.c && grep -q twofold_client_call sample.c");
    shell(&s, "{ printf '#include <twofold/trail.h>\\n"
              "void handle(const Twofold__V1__AuditEvent *);\\n"
              "void sample(struct twofold_client *client, int go_on);\\n"
              "void sample(struct twofold_client *client, int go_on)\\n{\\n"
              "struct twofold_error error;\\n'; "
              "sed -n '1,/^ \\*\\/$/s/^ \\*     //p' root/include/twofold/trail.h; echo '}'; } "
              ">trail.c && grep -q twofold_trail_ack trail.c");
    shell(&s, C_COMPILER " -Wall -Wextra -Wpedantic -Werror -std=c11 -c sample.c trail.c "
                         "$(pkg-config --cflags twofold-client)");
    remove_all(&s);
}

/* What people copy as well. Nobody is at that port. */
static void the_alarm_example_needs_only_what_is_installed(void **state)
{
    struct scratch s;

    (void)state;
    install(&s);
    shell(&s, C_COMPILER " " EXTRA_FLAGS " -Wall -Wextra -Wpedantic -Werror -std=c11 -o alarm "
                         "$TEST_SOURCE/client/examples/alarm.c "
                         "$(pkg-config --cflags --libs twofold-client)");
    shell(&s, "code=0; ./alarm nats://127.0.0.1:1 alarm.ids 2>said || code=$?; "
              "[ $code = 1 ] && grep -q '^alarm: ' said");
    remove_all(&s);
}

static void the_headers_stand_on_their_own_in_cxx(void **state)
{
    struct scratch s;

    (void)state;
    install(&s);
    scratch_write(&s, "header.cc",
                  "#include <twofold/client.h>\n#include <twofold/trail.h>\n"
                  "const char *name() { return twofold_status_name(TWOFOLD_OK); }\n",
                  0600);
    shell(&s, "if command -v c++ >/dev/null; then "
              "c++ -Wall -Wextra -Werror -c $(pkg-config --cflags twofold-client) header.cc; fi");
    shell(&s, "./root/bin/twofold --version | grep -q '^twofold [0-9.]*$'");
    remove_all(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_program_links_the_shared_library),
    cmocka_unit_test(a_program_links_the_static_library),
    cmocka_unit_test(the_sample_of_the_header_compiles),
    cmocka_unit_test(the_alarm_example_needs_only_what_is_installed),
    cmocka_unit_test(the_headers_stand_on_their_own_in_cxx),
};

RUN(tests)
