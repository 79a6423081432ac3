type All<Asked extends readonly unknown[]> = { -readonly [Index in keyof Asked]: Awaited<Asked[Index]> }

/** Goes on with all answers: at once, when none has to be waited for, since waiting for nothing costs time as well. */
export function whenAll<const Asked extends readonly unknown[], Result>(
  asked: Asked,
  then: (answers: All<Asked>) => Result,
): Result | Promise<Result> {
  const waits = asked.some((answer) => answer instanceof Promise)
  return waits ? Promise.all(asked).then((answers) => then(answers as All<Asked>)) : then(asked as All<Asked>)
}

/** All answers, in their order: at once, when none has to be waited for. */
export const whenEach = <T>(asked: readonly (T | Promise<T>)[]): T[] | Promise<T[]> =>
  whenAll(asked, (answers) => answers as T[])
