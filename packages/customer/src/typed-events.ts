/** An event which carries one value. */
export class ValueEvent<Value> extends Event {
  readonly value: Value

  constructor(type: string, value: Value) {
    super(type)
    this.value = value
  }
}

/** An event target whose events have known types: `Values` says which value each of them carries. */
export interface TypedEvents<Values extends object> {
  addEventListener<Type extends keyof Values & string>(
    type: Type,
    listener: (event: ValueEvent<Values[Type]>) => void,
    options?: { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void
  removeEventListener<Type extends keyof Values & string>(
    type: Type,
    listener: (event: ValueEvent<Values[Type]>) => void,
  ): void
}

/** The end of {@link TypedEvents} that sends. */
export interface EventSource<Values extends object> {
  readonly events: TypedEvents<Values>
  emit<Type extends keyof Values & string>(type: Type, value: Values[Type]): void
}

/** Makes an event target. A listener that throws disturbs neither the others nor who emits. */
export function createEvents<Values extends object>(): EventSource<Values> {
  const target = new EventTarget()
  return {
    // EventTarget knows only `Event`; `emit` below is the only one that dispatches, and its types match the listeners'.
    events: target as unknown as TypedEvents<Values>,
    emit(type, value) {
      target.dispatchEvent(new ValueEvent(type, value))
    },
  }
}
