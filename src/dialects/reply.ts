/** What a completion says to its reader: without reasoning and without the marks of a chat template. */

export interface Reply {
  /** With newlines as line ends. */
  readonly text: string;
  /** The completion ended inside its reasoning. */
  readonly isOpen: boolean;
}

/** The reply in a completion: `<think>Four cups?</think>report(4);<|im_end|>` says `report(4);`. */
export function replyOf(completion: string): Reply {
  const { text, isOpen } = lastMessage(completion.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'));
  if (isOpen) return { text, isOpen };
  const turn = text.replace(turnStart, '');
  return withoutReasoning(turn.slice(0, turnEnd.exec(turn)?.index));
}

/** Marks at the beginning, but those that open a program. */
const turnStart =
  /^(?:\s*(?:<\|(?!python|javascript)[\w/]+\|>|<s>|<bos>|<start_of_turn>|<｜[^｜<>\n]{1,40}｜>|\[\/INST\]|\[TOOL_CALLS\])(?:assistant(?![\w.])|model(?![\w.])|)(?:[ \t]*\n)*)+/;

/** The first mark that ends a turn, at the end of a line or before another mark: elsewhere it stands in a string of the program. */
const turnEnd =
  /(?:<\|(?:im_end|im_start|eot_id|eom_id|eot|end|end_of_text|endoftext|end_of_turn|return|call|user)\|>|<\/s>|<eos>|<end_of_turn>|<｜end▁of▁sentence｜>|\[INST\])[ \t]*(?=\n|$|<)/;

/** In the format of Harmony the last message counts; one to oneself that is the last was cut off. */
function lastMessage(text: string): Reply {
  const mark = '<|message|>';
  const at = /^\s*<\|(?:channel|start)\|>/.test(text) ? text.lastIndexOf(mark) : -1;
  if (at === -1) return { text, isOpen: false };
  const header = text.slice(text.lastIndexOf('<|channel|>', at), at);
  const isReasoning = header.startsWith('<|channel|>analysis') && !header.includes('to=');
  return isReasoning ? { text: '', isOpen: true } : { text: text.slice(at + mark.length), isOpen: false };
}

const reasoningTags = /<(\/?)(think|thinking|thought|reasoning)>/gi;

/** Without reasoning elements, also where the prompt has opened one, or the end of the text left one open. */
function withoutReasoning(text: string): Reply {
  const fences = [...text.matchAll(/(?:^|<\/?(?:think|thinking|thought|reasoning)>)[ \t]*(?:`{3,}|~{3,})/gim)].map(({ index }) => index);
  let [numPast, numGone] = [0, 0]; // fences before the tag, and of those the ones before `at`
  let kept = '';
  let at = 0;
  let open: { readonly name: string; readonly index: number } | null = null;
  for (const { 0: tag, 1: slash, 2: word = '', index } of text.matchAll(reasoningTags)) {
    while ((fences[numPast] ?? Infinity) < index) numPast += 1;
    // Between two fences, in a program's own text, a tag is a string or a comment.
    if (open === null && (numPast - numGone) % 2 === 1 && (fences.length - numPast) % 2 === 1) continue;
    const name = word.toLowerCase();
    if (slash === '') open ??= { name, index };
    else if (open === null || open.name === name) {
      // One that nothing has opened here was opened by the prompt: all before it is reasoning.
      kept = open === null ? '' : kept + text.slice(at, open.index);
      at = index + tag.length;
      numGone = numPast;
      open = null;
    }
  }
  // Only a line of its own opens what nothing closes: elsewhere the tag is spoken of.
  const isOpen = open !== null && /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(at, open.index - 80), open.index));
  return { text: kept + text.slice(at, isOpen ? open?.index : undefined), isOpen };
}
