// Writes crates/core/tests/data/forgeries.json: a provider's keys, tokens that hold, and tokens that do not,
// each with the reason as its name. The native tests and those on workerd read the same file.
//
// The keys are made here and their private halves forgotten, so another run makes another file:
// `node tests/forge.ts`.
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

type Json = Record<string, unknown>;
type Signer = (message: string) => Uint8Array | string;
interface Entry {
  name: string;
  token: string;
}

const ISSUER = "https://issuer.example/";
const AUDIENCE = "onway";
const SECRET = "a secret that the tables of forged tokens are told";
/** The order of P-256, and of Ed25519's base point. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed25519 = generateKeyPairSync("ed25519");
// Published by the provider, too, and not to be used.
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
const forEncryption = generateKeyPairSync("rsa", { modulusLength: 2048 });
const forPss = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const secp256k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
const ed448 = generateKeyPairSync("ed448");
// The attacker's own.
const evil = generateKeyPairSync("rsa", { modulusLength: 2048 });
const evilP256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const evilEd25519 = generateKeyPairSync("ed25519");

const jwk = (key: KeyObject, members: Json = {}): Json => ({ ...key.export({ format: "jwk" }), ...members });
const jwks = {
  keys: [
    jwk(weak.publicKey, { kid: "rsa-1024", alg: "RS256" }),
    jwk(rsa.publicKey, { kid: "rsa", alg: "RS256", use: "sig" }),
    jwk(p256.publicKey, { kid: "p256", alg: "ES256", use: "sig", key_ops: ["verify"] }),
    jwk(ed25519.publicKey, { kid: "ed25519", alg: "EdDSA", use: "sig" }),
    jwk(forEncryption.publicKey, { kid: "rsa-enc", use: "enc" }),
    jwk(forPss.publicKey, { kid: "rsa-pss", alg: "PS256" }),
    jwk(p384.publicKey, { kid: "p384" }),
    jwk(secp256k1.publicKey, { kid: "secp256k1" }),
    jwk(ed448.publicKey, { kid: "ed448" }),
    { kty: "oct", kid: "oct", alg: "HS256", k: encode("a key that the provider should not have published") },
    { kty: "EC", crv: "P-256", kid: "off-curve", x: "A".repeat(43), y: "A".repeat(43) },
  ],
};

function encode(data: string | Uint8Array | Json): string {
  const isText = typeof data === "string" || data instanceof Uint8Array;
  return Buffer.from(isText ? data : JSON.stringify(data)).toString("base64url");
}
const decode = (text: string): Buffer => Buffer.from(text, "base64url");

const rs256: Signer = (message) => signWith("sha256", Buffer.from(message), rsa.privateKey);
const es256: Signer = (message) => ecdsa(p256.privateKey, "sha256")(message);
const eddsa: Signer = (message) => signWith(null, Buffer.from(message), ed25519.privateKey);
const rsaBy = (key: KeyObject, hash = "sha256"): Signer => (message) => signWith(hash, Buffer.from(message), key);
const ecdsa = (key: KeyObject, hash: string): Signer => (message) => signWith(hash, Buffer.from(message), { key, dsaEncoding: "ieee-p1363" });
const hmac = (key: string | Uint8Array, hash = "sha256"): Signer => (message) => createHmac(hash, key).update(message).digest();
const fixed = (signature: Uint8Array | string): Signer => () => signature;

const RS = { alg: "RS256", typ: "JWT", kid: "rsa" };
const ES = { alg: "ES256", typ: "JWT", kid: "p256" };
const ED = { alg: "EdDSA", typ: "JWT", kid: "ed25519" };
const HS = { alg: "HS256", typ: "JWT" };
const CLAIMS: Json = { iss: ISSUER, aud: AUDIENCE, sub: "boss", role: "admin", iat: 1_700_000_000, exp: 4_102_444_800 };

/** Header and claims as objects, or as the exact bytes that are encoded. */
function jws(header: Json | string | Uint8Array, claims: Json | string | Uint8Array, signer: Signer): string {
  const message = `${encode(header)}.${encode(claims)}`;
  return `${message}.${encode(signer(message))}`;
}
const without = (name: string): Json => Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));
const claims = (changes: Json, signer: Signer = rs256, header: Json = RS): string => jws(header, { ...CLAIMS, ...changes }, signer);

const good = jws(RS, CLAIMS, rs256);
const goodEs = jws(ES, CLAIMS, es256);
const goodEd = jws(ED, CLAIMS, eddsa);
const parts = (token: string): [string, string, string] => token.split(".") as [string, string, string];
const [header, body, signature] = parts(good);

const accepted: Entry[] = [];
const forged: Entry[] = [];
const accept = (name: string, token: string): void => void accepted.push({ name, token });
const forge = (name: string, token: string): void => void forged.push({ name, token });

// Controls: what the forgeries differ from.
accept("RS256", good);
accept("ES256", goodEs);
accept("EdDSA", goodEd);
accept("HS256", jws(HS, CLAIMS, hmac(SECRET)));
accept("HS256, without issuer and audience", jws(HS, { sub: "boss", role: "admin", exp: CLAIMS["exp"] }, hmac(SECRET)));
accept("EdDSA without a kid, where one key fits", jws({ alg: "EdDSA" }, CLAIMS, eddsa));
accept("one audience of several", claims({ aud: ["elsewhere", AUDIENCE] }));
accept("typ at+jwt", jws({ ...RS, typ: "at+jwt" }, CLAIMS, rs256));
accept("a jku that nobody follows", jws({ ...RS, jku: "https://evil.example/keys" }, CLAIMS, rs256));
accept("white space in the JSON", jws(`{ "alg":"RS256",\r\n "kid":"rsa" }`, ` ${JSON.stringify(CLAIMS)}\n`, rs256));

for (const alg of ["none", "None", "NONE", "nOnE", "", " none", "none\u0000", "rs256", "RS256 ", "ЕS256"]) {
  forge(`alg ${JSON.stringify(alg)}, no signature`, jws({ alg, typ: "JWT" }, CLAIMS, fixed("")));
  forge(`alg ${JSON.stringify(alg)}, a signature of RS256`, jws({ ...RS, alg }, CLAIMS, rs256));
}
forge("RFC 7519, 6.1: unsecured", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.");
forge("no alg", jws({ typ: "JWT", kid: "rsa" }, CLAIMS, rs256));
for (const alg of [null, 256, true, ["RS256"], { name: "RS256" }]) forge(`alg ${JSON.stringify(alg)}`, jws({ ...RS, alg }, CLAIMS, rs256));
for (const alg of ["RS256", "ES256", "EdDSA", "HS256"]) forge(`${alg}, no signature`, jws({ alg, kid: RS.kid }, CLAIMS, fixed("")));

const pem = rsa.publicKey.export({ type: "spki", format: "pem" }) as string;
const modulus = String(jwk(rsa.publicKey)["n"]);
const publicKeys: [string, string | Uint8Array][] = [
  ["the PEM of the RSA key", pem],
  ["the PEM without its last line break", pem.trimEnd()],
  ["the PKCS#1 PEM of the RSA key", rsa.publicKey.export({ type: "pkcs1", format: "pem" }) as string],
  ["the DER of the RSA key", rsa.publicKey.export({ type: "spki", format: "der" })],
  ["the modulus, as the JWK writes it", modulus],
  ["the modulus", decode(modulus)],
  ["the JWK", JSON.stringify(jwks.keys[1])],
  ["the JWK Set", JSON.stringify(jwks)],
  ["the PEM of the P-256 key", p256.publicKey.export({ type: "spki", format: "pem" }) as string],
  ["the Ed25519 key", decode(String(jwk(ed25519.publicKey)["x"]))],
  ["a symmetric key of the set", "a key that the provider should not have published"],
  ["nothing", ""],
  ["a null byte", "\u0000"],
  ["another secret", "a secret that nobody has told to the deployment"],
];
for (const [name, key] of publicKeys) forge(`HS256 signed with ${name}`, jws({ ...HS, kid: "rsa" }, CLAIMS, hmac(key)));
forge("HS256 signed with a symmetric key of the set, named", jws({ ...HS, kid: "oct" }, CLAIMS, hmac("a key that the provider should not have published")));
forge("HS384 with the secret", jws({ alg: "HS384" }, CLAIMS, hmac(SECRET, "sha384")));
forge("HS512 with the secret", jws({ alg: "HS512" }, CLAIMS, hmac(SECRET, "sha512")));
forge("HS256, the signature shortened", jws(HS, CLAIMS, (message) => (hmac(SECRET)(message) as Buffer).subarray(0, 16)));

forge("RS384", jws({ ...RS, alg: "RS384" }, CLAIMS, rsaBy(rsa.privateKey, "sha384")));
forge("RS512", jws({ ...RS, alg: "RS512" }, CLAIMS, rsaBy(rsa.privateKey, "sha512")));
const pss: Signer = (message) => signWith("sha256", Buffer.from(message), { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
forge("PS256", jws({ ...RS, alg: "PS256" }, CLAIMS, pss));
forge("RS256 over a signature of PS256", jws(RS, CLAIMS, pss));
forge("RS256 over SHA-1", jws(RS, CLAIMS, rsaBy(rsa.privateKey, "sha1")));
forge("RS256 over SHA-512", jws(RS, CLAIMS, rsaBy(rsa.privateKey, "sha512")));
forge("RS256 with the 1024-bit key of the set", jws({ ...RS, kid: "rsa-1024" }, CLAIMS, rsaBy(weak.privateKey)));
forge("RS256 with the set's key for encryption", jws({ ...RS, kid: "rsa-enc" }, CLAIMS, rsaBy(forEncryption.privateKey)));
forge("RS256 with the set's key for PS256", jws({ ...RS, kid: "rsa-pss" }, CLAIMS, rsaBy(forPss.privateKey)));
forge("RS256, a signature of zeros", jws(RS, CLAIMS, fixed(new Uint8Array(256))));
forge("RS256, a signature of ones", jws(RS, CLAIMS, fixed(new Uint8Array(256).fill(255))));

forge("ES384", jws({ alg: "ES384", kid: "p384" }, CLAIMS, ecdsa(p384.privateKey, "sha384")));
forge("ES256 with the P-384 key of the set", jws({ ...ES, kid: "p384" }, CLAIMS, ecdsa(p384.privateKey, "sha256")));
forge("ES256 with the secp256k1 key of the set", jws({ ...ES, kid: "secp256k1" }, CLAIMS, ecdsa(secp256k1.privateKey, "sha256")));
forge("ES256K", jws({ alg: "ES256K", kid: "secp256k1" }, CLAIMS, ecdsa(secp256k1.privateKey, "sha256")));
forge("ES256 with a point of the set that is on no curve", jws({ ...ES, kid: "off-curve" }, CLAIMS, es256));
const number = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
const rAndS = (r: bigint, s: bigint): Signer => fixed(Buffer.concat([number(r), number(s)]));
forge("ES256, a signature of zeros", jws(ES, CLAIMS, rAndS(0n, 0n)));
forge("ES256, r = 0", jws(ES, CLAIMS, rAndS(0n, 1n)));
forge("ES256, s = 0", jws(ES, CLAIMS, rAndS(1n, 0n)));
forge("ES256, r and s the order of the curve", jws(ES, CLAIMS, rAndS(P256_ORDER, P256_ORDER)));
forge("ES256, r and s one", jws(ES, CLAIMS, rAndS(1n, 1n)));
forge("ES256, r and s as large as they fit", jws(ES, CLAIMS, fixed(new Uint8Array(64).fill(255))));
forge("ES256, DER instead of r and s", jws(ES, CLAIMS, (message) => signWith("sha256", Buffer.from(message), p256.privateKey)));
forge("ES256, a byte too many", jws(ES, CLAIMS, (message) => Buffer.concat([es256(message) as Buffer, Buffer.of(0)])));
forge("ES256, a byte too few", jws(ES, CLAIMS, (message) => (es256(message) as Buffer).subarray(0, 63)));

forge("EdDSA with the Ed448 key of the set", jws({ ...ED, kid: "ed448" }, CLAIMS, (message) => signWith(null, Buffer.from(message), ed448.privateKey)));
forge("EdDSA, a signature of zeros", jws(ED, CLAIMS, fixed(new Uint8Array(64))));
forge("EdDSA, the neutral element", jws(ED, CLAIMS, fixed(Buffer.concat([Buffer.of(1), Buffer.alloc(63)]))));
forge("EdDSA, S not reduced", jws(ED, CLAIMS, (message) => {
  const bytes = eddsa(message) as Buffer;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + ED25519_ORDER;
  return Buffer.concat([bytes.subarray(0, 32), number(s).reverse()]);
}));
forge("Ed448 as alg", jws({ ...ED, alg: "Ed448" }, CLAIMS, eddsa));

forge("RS256, another key under the same kid", jws(RS, CLAIMS, rsaBy(evil.privateKey)));
forge("ES256, another key under the same kid", jws(ES, CLAIMS, ecdsa(evilP256.privateKey, "sha256")));
forge("EdDSA, another key under the same kid", jws(ED, CLAIMS, (message) => signWith(null, Buffer.from(message), evilEd25519.privateKey)));
forge("RS256 with the kid of the P-256 key", jws({ ...RS, kid: "p256" }, CLAIMS, rs256));
forge("ES256 with the kid of the RSA key", jws({ ...ES, kid: "rsa" }, CLAIMS, es256));
forge("EdDSA with the kid of the RSA key", jws({ ...ED, kid: "rsa" }, CLAIMS, eddsa));
forge("a signature of another token", `${header}.${body}.${parts(claims({ sub: "driver", role: "driver" }))[2]}`);
forge("claims of another token", `${header}.${encode({ ...CLAIMS, sub: "somebody" })}.${signature}`);
forge("the header of another token", `${encode({ ...RS, kid: "rsa", x: 1 })}.${body}.${signature}`);

for (const crit of [["exp"], [], ["b64"], null, "exp", ["kid"]]) {
  forge(`crit ${JSON.stringify(crit)}`, jws({ ...RS, crit, b64: true }, CLAIMS, rs256));
}
const members = (json: Json): string => JSON.stringify(json).slice(1, -1);
const doubled: [string, string, string][] = [
  ["alg in the header", `{"alg":"none",${members(RS)}}`, `{${members(CLAIMS)}}`],
  ["alg in the header, escaped", `{"\\u0061lg":"none",${members(RS)}}`, `{${members(CLAIMS)}}`],
  ["kid in the header", `{${members(RS)},"kid":"other"}`, `{${members(CLAIMS)}}`],
  ["role in the claims", `{${members(RS)}}`, `{"role":"driver",${members(CLAIMS)}}`],
  ["exp in the claims", `{${members(RS)}}`, `{${members(CLAIMS)},"exp":4102444800}`],
  ["sub in the claims, escaped", `{${members(RS)}}`, `{${members(CLAIMS)},"s\\u0075b":"x"}`],
  ["a member deep in the claims", `{${members(RS)}}`, `{${members(CLAIMS)},"a":[{"b":1,"b":2}]}`],
];
for (const [name, head, text] of doubled) forge(`twice: ${name}`, jws(head, text, rs256));

const certificate = encode(Buffer.alloc(32)).replaceAll("-", "+").replaceAll("_", "/");
const embedded: [string, Json][] = [
  ["jwk", { jwk: jwk(evil.publicKey) }],
  ["jwk under a known kid", { jwk: jwk(evil.publicKey, { kid: "rsa" }), kid: "rsa" }],
  ["jwk of a symmetric key", { jwk: { kty: "oct", k: encode("x") } }],
  ["jku", { jku: "https://evil.example/jwks.json" }],
  ["x5u", { x5u: "https://evil.example/certificate.pem" }],
  ["x5c", { x5c: [certificate] }],
];
for (const [name, extra] of embedded) forge(`embedded ${name}`, jws({ alg: "RS256", ...extra }, CLAIMS, rsaBy(evil.privateKey)));

const kids: [string, unknown][] = [
  ["a path", "../../../../dev/null"],
  ["a path of Windows", "..\\..\\nul"],
  ["SQL", "x' UNION SELECT 'key';--"],
  ["a command", "rsa|id;$(id)`id`"],
  ["a URL", "https://evil.example/jwks.json"],
  ["a lookup", "${jndi:ldap://evil.example/a}"],
  ["a null byte", "rsa\u0000"],
  ["a line break", "rsa\r\nX-Header: 1"],
  ["a prototype", "__proto__"],
  ["a constructor", "constructor"],
  ["capitals", "RSA"],
  ["a space", "rsa "],
  ["letters that look alike", "rѕа"],
  ["nothing", ""],
  ["300 characters", "k".repeat(300)],
  ["a number", 1],
  ["null", null],
  ["a list", ["rsa"]],
  ["an object", { kid: "rsa" }],
];
for (const [name, kid] of kids) {
  forge(`kid: ${name}, RS256`, jws({ alg: "RS256", kid }, CLAIMS, rsaBy(evil.privateKey)));
}
forge("kid: a path, HS256 with what is there", jws({ alg: "HS256", kid: "../../../../dev/null" }, CLAIMS, hmac("")));
forge("kid: 10 KB", jws({ alg: "RS256", kid: "k".repeat(10_000) }, CLAIMS, rs256));
forge("no kid, where two keys could be meant", jws({ alg: "ES256" }, CLAIMS, es256));

const wrong: [string, Json][] = [
  ["iss: another", { iss: "https://evil.example/" }],
  ["iss: almost", { iss: "https://issuer.example" }],
  ["iss: longer", { iss: `${ISSUER}x` }],
  ["iss: in capitals", { iss: ISSUER.toUpperCase() }],
  ["iss: a list", { iss: [ISSUER] }],
  ["iss: null", { iss: null }],
  ["aud: another", { aud: "elsewhere" }],
  ["aud: longer", { aud: "onway2" }],
  ["aud: others", { aud: ["elsewhere", "onwa"] }],
  ["aud: an empty list", { aud: [] }],
  ["aud: a list with a number", { aud: ["onway", 1] }],
  ["aud: an object", { aud: { onway: true } }],
  ["exp: past", { exp: 1_600_000_000 }],
  ["exp: text", { exp: "4102444800" }],
  ["exp: null", { exp: null }],
  ["exp: negative", { exp: -1 }],
  ["exp: beyond bounds", { exp: 1e300 }],
  ["exp: a list", { exp: [4_102_444_800] }],
  ["nbf: ahead", { nbf: 4_102_444_000 }],
  ["nbf: text", { nbf: "now" }],
  ["iat: ahead", { iat: 4_102_444_000 }],
  ["sub: empty", { sub: "" }],
  ["sub: a number", { sub: 1 }],
  ["sub: a null byte", { sub: "boss\u0000" }],
  ["sub: 200 characters", { sub: "s".repeat(200) }],
];
for (const [name, change] of wrong) forge(name, claims(change));
for (const name of ["iss", "aud", "exp", "sub"]) forge(`${name}: missing`, jws(RS, without(name), rs256));
forge("HS256 for another issuer", claims({ iss: "https://evil.example/" }, hmac(SECRET), HS));
forge("HS256 for another audience", claims({ aud: "elsewhere" }, hmac(SECRET), HS));

const json = JSON.stringify(CLAIMS);
const notObjects: [string, string | Uint8Array][] = [
  ["empty", ""],
  ["a list", `[${json}]`],
  ["text", JSON.stringify(json)],
  ["a token", good],
  ["two objects", json + json],
  ["a comma at the end", json.replace(/}$/, ",}")],
  ["NaN", json.replace("4102444800", "NaN")],
  ["1e999", json.replace("4102444800", "1e999")],
  ["a byte order mark", `\u{feff}${json}`],
  ["not UTF-8", Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')])],
  ["half a surrogate", json.replace("boss", "\\ud800")],
  ["2,000 brackets", json.replace(/}$/, `,"x":${"[".repeat(1000)}${"]".repeat(1000)}}`)],
];
for (const [name, text] of notObjects) forge(`claims: ${name}`, jws(RS, text, rs256));
for (const [name, text] of notObjects.slice(0, 3)) forge(`header: ${name}`, jws(text, CLAIMS, rs256));
forge("header: not UTF-8", jws(Buffer.concat([Buffer.from('{"alg":"RS256","kid":"rsa","x":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]), CLAIMS, rs256));
for (const typ of ["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "", 1, null]) forge(`typ ${JSON.stringify(typ)}`, jws({ ...RS, typ }, CLAIMS, rs256));

const [esHeader, esBody, esSignature] = parts(goodEs);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** The same bytes to a careless decoder: the bits that no byte needs are set. */
const otherBits = (text: string): string => text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1) as string) + 1];
const texts: [string, string][] = [
  ["nothing", ""],
  ["a dot", "."],
  ["two dots", ".."],
  ["many dots", "....."],
  ["letters", "a.b.c"],
  ["padding after the header", `${header}=.${body}.${signature}`],
  ["padding after the claims", `${header}.${body}==.${signature}`],
  ["padding after the signature", `${esHeader}.${esBody}.${esSignature}==`],
  ["bits left over", `${esHeader}.${esBody}.${otherBits(esSignature)}`],
  ["base64 instead of base64url", `${header}.${body}.${signature.replaceAll("-", "+").replaceAll("_", "/")}${/[-_]/.test(signature) ? "" : "+"}`],
  ["a line break in the signature", `${header}.${body}.${signature.slice(0, 40)}\n${signature.slice(40)}`],
  ["a space in the claims", `${header}.${body.slice(0, 4)} ${body.slice(4)}.${signature}`],
  ["a tab before", `\t${good}`],
  ["a null byte after", `${good}\u0000`],
  ["a space that has no width", `${header}\u200b.${body}.${signature}`],
  ["a wide full stop", `${header}．${body}．${signature}`],
  ["a wide letter", `Ｅ${good.slice(1)}`],
  ["no signature, no dot", `${header}.${body}`],
  ["no signature", `${header}.${body}.`],
  ["no header", `.${body}.${signature}`],
  ["no claims", `${header}..${signature}`],
  ["a dot at the end", `${good}.`],
  ["a dot before", `.${good}`],
  ["a fourth part", `${good}.${signature}`],
  ["the five parts of a JWE", `${header}.${body}.${signature}.${body}.${signature}`],
  ["garbage at the end", `${good}garbage`],
  ["twice", `${good}${good}`],
  ["in quotes", `"${good}"`],
  ["after Bearer", `Bearer ${good}`],
  ["escaped", encodeURIComponent(good).replaceAll(".", "%2E")],
  ["as JSON", JSON.stringify({ protected: header, payload: body, signature })],
  ["the signature shortened", good.slice(0, -4)],
  ["one bit of the signature", `${header}.${body}.${signature.slice(0, 9)}${signature[9] === "A" ? "B" : "A"}${signature.slice(10)}`],
  ["one letter of the claims", `${header}.${body.slice(0, 30)}${body[30] === "A" ? "B" : "A"}${body.slice(31)}.${signature}`],
  ["9,000 letters", "x".repeat(9_000)],
  ["over 8 KB, well signed", claims({ x: "x".repeat(6_500) })],
];
for (const [name, token] of texts) forge(`text: ${name}`, token);

const file = join(import.meta.dirname, "../crates/core/tests/data/forgeries.json");
const table = { issuer: ISSUER, audience: AUDIENCE, secret: SECRET, jwks, accepted, forged };
writeFileSync(file, `${JSON.stringify(table, null, 1)}\n`);
console.log(`${accepted.length} tokens that hold, ${forged.length} that do not`);
