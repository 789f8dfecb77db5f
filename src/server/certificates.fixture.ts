/** Certificates for tests: an authority, and what it has signed. */
import { generate } from "selfsigned";

/** A certificate and its key in PEM. */
export interface Signed {
  readonly cert: string;
  readonly key: string;
}

/** One attribute of a subject, like `{ shortName: "O", value: "Example" }`; special characters of the value stand behind a backslash. */
export interface SubjectPart {
  readonly shortName: string;
  readonly value: string;
}

/** An authority that signs for localhost. */
export class Authority {
  readonly #own: Signed;

  private constructor(own: Signed) {
    this.#own = own;
  }

  /** Makes a new one. */
  static async make(commonName = "test authority"): Promise<Authority> {
    const extensions = [{ name: "basicConstraints", cA: true, critical: true } as const];
    const { cert, private: key } = await generate([{ shortName: "CN", value: commonName }], {
      ...{ keyType: "ec", algorithm: "sha256", extensions },
    });
    return new Authority({ cert, key });
  }

  /** What others trust it by. */
  get cert(): string {
    return this.#own.cert;
  }

  /** Signs a subject, given as in the certificate: the country first. */
  async sign(subject: string | readonly SubjectPart[]): Promise<Signed> {
    const parts = typeof subject === "string" ? [{ shortName: "CN", value: subject }] : [...subject];
    const altNames = [{ type: 2, value: "localhost" } as const, { type: 7, ip: "127.0.0.1" } as const];
    const { cert, private: key } = await generate(parts, {
      ...{ keyType: "ec", algorithm: "sha256", ca: this.#own },
      extensions: [
        { name: "subjectAltName", altNames },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      ],
    });
    return { cert, key };
  }
}
