// Tokens end at once when what they stand on changes: a token remembers the count, and the row counts on.
import { integer } from '../../../eden/resource/fields.ts'

/** A hidden counter; tokens made under an earlier count are void. */
export const generation = () => integer({ hidden: true, default: 0 })
