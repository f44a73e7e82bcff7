import { FastCheck } from "effect"

// a property that holds for as many cases as fit into seconds is enough to tell a mutant, and keeps vitest's worker answering
FastCheck.configureGlobal({ interruptAfterTimeLimit: 4000, markInterruptAsFailure: false })
