// Who may do what on the bus: the intention, against which docker/nats.conf and docker/nats-accounts.conf are
// tested. A group is a list of attempts of one kind; a role may make all of a group's attempts, or none.
const TENANTS = ["acme", "globex"];

const METHODS = {
    verification: ["verify", "get_status"],
    login: ["login", "confirm_password"],
    enrollment: ["begin", "confirm", "complete", "cancel", "disable", "regenerate_recovery_codes"],
    admin: ["put_user", "delete_user", "list_users", "reset_second_factor", "unlock", "get_policy", "put_policy",
        "issue_step_token", "import_authenticator", "import_user", "checkpoint_audit"],
};
const AUDIT = "twofold.audit.v1";
const STREAM = "TWOFOLD_AUDIT";
const HEALTH = "$SRV.STATS.twofold";
const DISCOVERY = ["PING", "INFO", "STATS"].flatMap((verb) =>
    ["", ".twofold", ".twofold.ID"].map((tail) => `$SRV.${verb}${tail}`));
const REQUESTS = ["twofold.v1.>", "twofold.v1.acme.>", "twofold.v1.*.login.login", "twofold.v1.acme.verification.*",
    "twofold.v1.acme.verification.verify", "twofold.>", "*.v1.>", ">"];

const publish = (...subjects) => subjects.map((subject) => ({ verb: "publish", subject }));
const subscribe = (...subjects) => subjects.map((subject) => ({ verb: "subscribe", subject }));
const queued = (queue, ...subjects) => subjects.map((subject) => ({ verb: "subscribe", subject, queue }));
const methods = (org, service, names = METHODS[service]) =>
    publish(...names.map((name) => `twofold.v1.${org}.${service}.${name}`));
const everything = (org) => Object.keys(METHODS).flatMap((service) => methods(org, service));
// What can be asked for ORG, and watched, by group.
const tenantsAttempts = (org) => ({
    [`ask ${org}: verification`]: methods(org, "verification"),
    [`ask ${org}: login`]: methods(org, "login", ["login"]),
    [`ask ${org}: confirm_password`]: methods(org, "login", ["confirm_password"]),
    [`ask ${org}: enrollment`]: methods(org, "enrollment"),
    [`ask ${org}: admin`]: methods(org, "admin"),
    [`watch ${org}'s audit`]: subscribe(`${AUDIT}.${org}.>`, `${AUDIT}.${org}.login.failed`),
});
const inbox = (role) => role.inbox && [`${role.inbox}.*`, `${role.inbox}.token`];

// The attempts of ROLE, one of ROLES, by group.
export function attempts(role, roles) {
    const others = roles.filter((other) => other.inbox && other !== role);
    return {
        ...Object.assign({}, ...TENANTS.map(tenantsAttempts)),
        "ask other names": [...everything("*"), ...everything(">"), ...everything("default"),
            ...publish("twofold.v1.acme.verification.verify.more", "twofold.v2.acme.verification.verify", "twofold")],
        "take requests, in the group": queued("twofold", "twofold.v1.>"),
        "tap requests, plainly": subscribe(...REQUESTS),
        "tap requests, own group": queued("tap", ...REQUESTS),
        "take requests, wider": queued("twofold", "twofold.>", "*.v1.>", ">"),
        "use the own inbox": inbox(role) ? subscribe(...inbox(role)) : [],
        "read other inboxes": subscribe("_INBOX.>", "_INBOX.*", "_INBOX.*.*.*", "*.acme.>", ...others.flatMap(inbox)),
        "answer into inboxes": publish("_INBOX.acme.verifier.token", "_INBOX.ops.token", "_INBOX.x"),
        "acknowledge audit events": publish("_INBOX.service-audit.token", "_INBOX.service-audit.token.1"),
        "answer to accounts": publish("_R_.token", "_R_.token.x"),
        "forge audit events": publish(`${AUDIT}.acme.user.deleted`, `${AUDIT}.globex.user.deleted`),
        "watch more audit": subscribe(`${AUDIT}.>`, "twofold.audit.>", "*.audit.v1.acme.>", `${AUDIT}.*.login.failed`),
        "ask for the health": publish(HEALTH),
        "find instances": publish(...DISCOVERY.filter((subject) => subject !== HEALTH)),
        "be an instance": subscribe(...DISCOVERY),
        "be another service": subscribe("$SRV.>", "$SRV.PING.other", "$SRV.*"),
        "make the audit stream": publish(`$JS.API.STREAM.CREATE.${STREAM}`, `$JS.API.STREAM.INFO.${STREAM}`),
        "make readers of it": publish(`$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.acme`,
            `$JS.API.CONSUMER.CREATE.${STREAM}.acme.x`),
        "look at its messages": publish(`$JS.API.STREAM.MSG.GET.${STREAM}`),
        "read consumers": ["all", ...TENANTS].flatMap((name) => consumer(name, "$JS.TWOFOLD.API")),
        "read them in the account": ["all", ...TENANTS].flatMap((name) => consumer(name, "$JS.API").slice(0, 2)),
        "read around consumers": publish(`$JS.API.DIRECT.GET.${STREAM}`, `$JS.API.CONSUMER.NAMES.${STREAM}`,
            `$JS.API.CONSUMER.LIST.${STREAM}`),
        "change the audit stream": publish(...["UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"]
            .map((verb) => `$JS.API.STREAM.${verb}.${STREAM}`), `$JS.API.CONSUMER.DELETE.${STREAM}.acme`,
        `$JS.API.STREAM.PEER.REMOVE.${STREAM}`, `$JS.API.STREAM.LEADER.STEPDOWN.${STREAM}`),
        "other streams": [...publish("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST",
            "$JS.API.STREAM.CREATE.OTHER", "$KV.x.y"), ...subscribe("$JS.>", "$JS.API.>", "$KV.>", "$O.>")],
        "the server itself": [...publish("$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO.x"), ...subscribe("$SYS.>")],
    };
}

function consumer(name, api) {
    return publish(`${api}.CONSUMER.INFO.${STREAM}.${name}`, `${api}.CONSUMER.MSG.NEXT.${STREAM}.${name}`,
        `$JS.ACK.${STREAM}.${name}.1.1.1.1.1`);
}

const INBOX = "use the own inbox";
const requests = (answers) => ({
    name: "requests", key: "SERVICE_REQUESTS", may: ["take requests, in the group", "be an instance", answers],
});
const OPERATORS = [
    {
        name: "audit", key: "SERVICE_AUDIT", inbox: "_INBOX.service-audit",
        may: [INBOX, "forge audit events", "make the audit stream", "look at its messages"],
    },
    { name: "ops", key: "OPS", inbox: "_INBOX.ops", may: [INBOX, "ask for the health", "find instances"] },
    { name: "health", key: "HEALTH", inbox: "_INBOX.health", may: [INBOX, "ask for the health"] },
    {
        name: "provision", key: "PROVISION", inbox: "_INBOX.provision",
        may: [INBOX, "make the audit stream", "make readers of it"],
    },
    { name: "reader", key: "AUDIT_READER", inbox: "_INBOX.audit-reader", may: [INBOX, "read consumers"] },
];
// The five logins of ORG; of another than the first one their names begin with its letter.
const tenant = (org) => [
    { name: "verifier", may: [`ask ${org}: verification`] },
    { name: "login", may: [`ask ${org}: login`] },
    { name: "account", may: [`ask ${org}: confirm_password`, `ask ${org}: enrollment`] },
    { name: "admin", may: [`ask ${org}: admin`] },
    { name: "auditor", may: [`watch ${org}'s audit`] },
].map(({ name, may }) => ({
    name: org === TENANTS[0] ? name : `${org[0]}.${name}`,
    key: `${org}_${name}`.toUpperCase(), inbox: `_INBOX.${org}.${name}`, may: [INBOX, ...may],
}));

export const LAYOUTS = {
    "nats.conf": [requests("answer into inboxes"), ...OPERATORS, ...TENANTS.flatMap(tenant)],
    "nats-accounts.conf": [requests("answer to accounts"), ...OPERATORS, ...TENANTS.flatMap(tenant)],
};
