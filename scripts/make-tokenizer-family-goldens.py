"""What transformers makes of texts and chats with the tokenizers of common families: test/golden/tokenizer/families.json.

    scripts/setup-tokenizers.sh                           # the tokenizers themselves, to .tokenizers/ (they are not kept here)
    python scripts/make-tokenizer-family-goldens.py .tokenizers

Ids are those of `tokenizer.json` by Python's `tokenizers`; `AutoTokenizer` must give the same, or the case says what it gives instead.
"""
import hashlib
import json
import random
import sys
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer

TEXTS = [
    "", " ", "  ", "\n", "Maximize 3x + 2y", " leading", "trailing ", "a  b   c\n\n\td", "don't we'll I'M THEY'RE", "12345.678e-9 1,000,000 007",
    "优化模型：利润最大", "最大化 🚀🧑‍🌾 é e\u0301 ǆ ﬁ ½", "x_1<=3;\r\n  m.addConstr(2*x + y >= 4)\r\n", "\u00a0\ufeffnbsp\u200bzero\u2028line", "<s>hi</s>", "<|im_start|>user\nhi<|im_end|>",
    "<bos><start_of_turn>user", "<|begin_of_text|><|eot_id|>", "import gurobipy as gp\nfrom gurobipy import GRB\n\n\nm = gp.Model()\n", "▁ literal ▁▁", "Ġ Ċ ĉ", "\x00\x01\x7f\x85",
    "مرحبا بالعالم", "Привет, мир!", "नमस्ते दुनिया", "한국어 텍스트", "ㅤ", "ﷺ", "<think>\nThe profit is $17.50 per unit.\n</think>\n\n```python\nprint(1)\n```",
    "   indented\n\tcode\n        deep", "A" * 40, "=" * 33, "1" * 17, "∑_{i∈I} c_i·x_i ≤ b", "C:\\path\\n 'q' \"Q\" `b`",
]
WEATHER = {
    "type": "function",
    "function": {
        "name": "solve", "description": "Solves a model <in LP text> & tells \"its\" optimum.",
        "parameters": {"type": "object", "properties": {"lp": {"type": "string", "description": "Modèle LP"}, "gap": {"type": "number"}}, "required": ["lp"]},
    },
}
TURNS = [{"role": "user", "content": " How many \"mugs\"?\nNaïve 日本 "}]
CHATS = [
    {"messages": TURNS},
    {"messages": TURNS, "add_generation_prompt": False},
    {"messages": [{"role": "system", "content": "You model."}, *TURNS]},
    {"messages": [*TURNS, {"role": "assistant", "content": "<think>\nhm\n</think>\n\n62 mugs."}, {"role": "user", "content": "Sure?"}]},
    {"messages": [{"role": "system", "content": "You model."}, *TURNS], "tools": [WEATHER]},
]


def random_texts() -> list[str]:
    rng = random.Random(12)
    alphabet = "ab zZ09 \n\t\r_-+<=`().,;é中🚀½'’“ёا▁"
    return ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 40))) for _ in range(60)]


def family(folder: Path) -> dict:
    raw = Tokenizer.from_file(str(folder / "tokenizer.json"))
    auto = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    cases = []
    for text in TEXTS + random_texts():
        case = {"text": text, "ids": raw.encode(text, add_special_tokens=False).ids, "withSpecial": raw.encode(text).ids}
        case["decoded"] = raw.decode(case["ids"], skip_special_tokens=False)
        theirs = auto.encode(text, add_special_tokens=False)
        if theirs != case["ids"]:
            case["autoTokenizer"] = theirs
        cases.append(case)
    chats = []
    for chat in CHATS if auto.chat_template else []:
        options = {"add_generation_prompt": True, **chat}
        try:
            text = auto.apply_chat_template(options.pop("messages"), tokenize=False, **options)
        except Exception as error:  # a template may refuse, e.g. a system message
            chats.append({**chat, "refused": str(error)})
            continue
        chats.append({**chat, "text": text, "ids": raw.encode(text, add_special_tokens=False).ids})
    sha256 = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
    return {"sha256": sha256, "class": type(auto).__name__, "cases": cases, "chats": chats}


root = Path(sys.argv[1])
families = {folder.name: family(folder) for folder in sorted(root.iterdir()) if (folder / "tokenizer.json").exists()}
out = Path("test/golden/tokenizer/families.json")
versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
out.write_text(json.dumps({**versions, "families": families}, ensure_ascii=True) + "\n")
for name, found in families.items():
    differing = [case["text"] for case in found["cases"] if "autoTokenizer" in case]
    print(name, len(found["cases"]), "texts", len(found["chats"]), "chats;", len(differing), "texts that AutoTokenizer cuts otherwise", differing[:3])
