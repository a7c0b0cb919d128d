/**
 * A reward term: 1 for a right completion of at most 20 lines, less for a longer one, 0 for a wrong one.
 * `reward: { terms: [{ name: short, type: ./short-program.mjs, weight: 0.1 }] }`
 */
const longest = 20;

export default function createShortProgram() {
  return {
    /** null leaves the term out of this reward. */
    score({ completionText }, { correct }) {
      if (correct === null) return null;
      const lines = completionText.split('\n').filter((line) => line.trim() !== '').length;
      return correct ? Math.min(1, longest / lines) : 0;
    },
  };
}
