// The contract as the checkout states it: messages and methods with their comments from the .proto files, types of
// audit events and errors from the tables that the service itself is made of.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";

const FILES = ["admin", "audit", "enrollment", "error", "login", "verification"];
const COMMENTS = { keepCase: true, alternateCommentMode: true, preferTrailingComment: true };

// All below NAMESPACE of one of protobufjs's kinds, by full name: the order does not depend on that of the files.
function all(namespace, kind) {
    const found = namespace.nestedArray.flatMap((one) => [
        ...(one instanceof kind ? [one] : []),
        ...(one.nestedArray ? all(one, kind) : []),
    ]);
    return found.sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
}

// The rows X(name, ...) of the table NAME in a header, as arrays.
function rows(header, name) {
    const table = header.match(new RegExp(`#define ${name}\\(X\\)((?:.*\\\\\\n)*.*\\n)`));
    if (!table) throw new Error(`there is no table ${name}`);
    return [...table[1].matchAll(/X\((.*)\)/g)].map(([, row]) => JSON.parse(`[${row.replace(/^\w+/, '"$&"')}]`));
}

export async function readContract(checkout) {
    const read = (path) => readFileSync(join(checkout, path), "utf8");
    const root = new protobuf.Root();
    root.resolvePath = (_, file) => join(checkout, "proto", file);
    await root.load(FILES.map((name) => `twofold/v1/${name}.proto`), COMMENTS);
    root.resolveAll();
    const errors = rows(read("service/base/err.h"), "ERR_LIST");
    return {
        version: read("CMakeLists.txt").match(/project\(twofold VERSION ([0-9.]+)/)[1],
        root: root.lookup("twofold.v1"),
        services: all(root, protobuf.Service),
        messages: all(root, protobuf.Type),
        enums: all(root, protobuf.Enum),
        eventTypes: rows(read("service/core/audit.h"), "AUDIT_TYPE_LIST").map(([, type]) => type),
        errors: errors.map(([reason, code, text]) => ({ reason, code, text })),
    };
}

// "twofold.v1.GetStatusReply.Authenticator" as people and $refs name it: "GetStatusReply.Authenticator".
export function shortName(type) {
    return type.fullName.replace(/^\.twofold\.v1\./, "");
}

// Methods and fields that no comment explains.
export function unexplained({ services, messages }) {
    const members = [
        ...services.flatMap((service) => service.methodsArray),
        ...messages.flatMap((message) => message.fieldsArray),
    ];
    return members.filter(({ comment }) => !comment).map(({ fullName }) => fullName.slice(1));
}
