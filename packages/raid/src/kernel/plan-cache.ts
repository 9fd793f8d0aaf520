import type { Plan } from './plan.ts'

/** A block after the other has the same fragments lost, so few plans are needed at a time; the largest take 24 KiB. */
const MAX_PLANS = 32

/** Keeps the plans that were used last. */
export function createPlanCache(): (key: string, make: () => Plan) => Plan {
  // A Map keeps the order in which keys were added: the first one was not used for the longest time.
  const plans = new Map<string, Plan>()
  return (key, make) => {
    const plan = plans.get(key) ?? make()
    plans.delete(key)
    plans.set(key, plan)
    if (plans.size > MAX_PLANS) plans.delete(plans.keys().next().value!)
    return plan
  }
}
