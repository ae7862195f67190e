// Users in the state a test begins with.
import { Phone } from "./phone.mjs";

export const PASSWORD = "correct horse battery";

export async function register(org, username) {
    await org.call("Admin", "PutUser", { username, password: PASSWORD });
}

export async function confirmPassword(org, username) {
    const { stepToken } = await org.call("Login", "ConfirmPassword", { username, password: PASSWORD });
    return stepToken;
}

// Registered, and enrolled the way a user does it.
export async function enrol(org, username) {
    await register(org, username);
    const stepToken = await confirmPassword(org, username);
    const { otpauthUri } = await org.call("Enrollment", "Begin", { stepToken });
    const phone = new Phone(otpauthUri);
    const proof = { stepToken, code: phone.code(), activate: true };
    const { recoveryCodes } = await org.call("Enrollment", "Confirm", proof);
    return { phone, recoveryCodes };
}

// Registered, with an authenticator that was imported: no code of it is spent.
export async function imported(org, username) {
    const phone = Phone.ofItsOwn(username);
    await register(org, username);
    await org.call("Admin", "ImportAuthenticator", { username, otpauthUri: phone.uri });
    return phone;
}

export function verify(org, username, code, options) {
    return org.call("Verification", "Verify", { username, code }, options);
}

export function status(org, username) {
    return org.call("Verification", "GetStatus", { username });
}
