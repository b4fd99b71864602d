// An identity provider of the tests: keys, tokens, and a server of JWK Sets that can fail in each way in
// which such a server fails.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type { Json } from "./service.ts";

export const ISSUER = "https://issuer.example/";
export const AUDIENCE = "onway";

export type Alg = "RS256" | "ES256" | "EdDSA";
/** How it answers: with its keys, or in a way that is no answer. */
export type Mode = "up" | "cut" | "hang" | "trickle" | "error" | "garbage" | "empty" | "huge" | "redirect";

export interface SigningKey {
  alg: Alg;
  kid: string;
  jwk: Json;
  sign(claims?: JWTPayload, header?: Json): Promise<string>;
}

/** A key of the provider, and tokens signed with it: by default of an admin, for an hour. */
export async function signingKey(alg: Alg, kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    kid,
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: ISSUER, aud: AUDIENCE, sub: "boss", role: "admin", iat: now, exp: now + 3600, ...claims };
      return new SignJWT(all).setProtectedHeader({ alg, typ: "JWT", kid, ...header }).sign(privateKey);
    },
  };
}

export interface Provider {
  /** What a deployment that trusts it sets. */
  vars: Record<string, string>;
  /** Requests so far. */
  requests: number;
  mode: Mode;
  keys: Json[];
  stop(): Promise<void>;
}

export async function startProvider(...keys: Json[]): Promise<Provider> {
  const server = createServer((request, response) => {
    if (request.url === "/elsewhere") {
      response.end(JSON.stringify({ keys: provider.keys }));
      return;
    }
    provider.requests += 1;
    answer(provider, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const provider: Provider = {
    vars: { JWKS_URL: url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE },
    requests: 0,
    mode: "up",
    keys,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return provider;
}

function answer({ mode, keys }: Provider, response: ServerResponse): void {
  const set = JSON.stringify({ keys });
  switch (mode) {
    case "up":
      response.setHeader("Content-Type", "application/json").end(set);
      break;
    case "cut":
      response.destroy();
      break;
    case "hang":
      break;
    case "trickle":
      response.write(set.slice(0, 10));
      break;
    case "error":
      response.writeHead(500).end(set);
      break;
    case "garbage":
      response.end("<html>we will be back soon</html>");
      break;
    case "empty":
      response.end('{"keys":[]}');
      break;
    case "huge":
      response.end(JSON.stringify({ keys, padding: "x".repeat(300_000) }));
      break;
    case "redirect":
      response.writeHead(302, { Location: "/elsewhere" }).end();
      break;
  }
}
