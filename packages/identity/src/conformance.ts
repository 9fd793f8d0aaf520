/**
 * The laws that implementations of this package's ports keep, as Vitest tests. For tests only.
 *
 * @packageDocumentation
 */
import { describe, test } from 'vitest'
import { type IdServerUnderTest, idServerLaws } from './conformance/id-server-laws.ts'
import { identityStoreLaws } from './conformance/identity-store-laws.ts'
import { keyStoreLaws } from './conformance/key-store-laws.ts'
import type { Law } from './conformance/law.ts'
import type { KeyStore } from './key-ring/key-store.ts'
import type { IdentityStore } from './resolver/identity-store.ts'

export type { IdServerUnderTest } from './conformance/id-server-laws.ts'

/** What a suite is given: the thing under test, made anew for each law, and how to put it away. */
export interface Made<T> {
  readonly subject: T
  readonly close?: () => Promise<void> | void
}

/** Registers one test per law of {@link IdentityStore}. `make` returns an empty store. */
export function identityStoreConformance(name: string, make: () => Promise<Made<IdentityStore>>): void {
  register(`IdentityStore: ${name}`, identityStoreLaws, make)
}

/** Registers one test per law of {@link KeyStore}. `make` returns an empty store. */
export function keyStoreConformance(name: string, make: () => Promise<Made<KeyStore>>): void {
  register(`KeyStore: ${name}`, keyStoreLaws, make)
}

/** Registers one test per law of `IdServerPort`. `make` returns a port, and an empty server that it reaches. */
export function idServerConformance(name: string, make: () => Promise<Made<IdServerUnderTest>>): void {
  register(`IdServerPort: ${name}`, idServerLaws, make)
}

function register<T>(heading: string, laws: readonly Law<T>[], make: () => Promise<Made<T>>): void {
  describe(heading, () => {
    for (const { title, hold } of laws) {
      test(title, async () => {
        const { subject, close } = await make()
        try {
          await hold(subject)
        } finally {
          await close?.()
        }
      })
    }
  })
}
