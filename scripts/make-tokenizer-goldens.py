"""Ids that Python's `tokenizers` gives for a tokenizer.json that evom trained: test/golden/tokenizer/python-ids.json.

Run from the repository root after `npm run build`: python scripts/make-tokenizer-goldens.py
"""
import json
import random
import subprocess
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

CORPUS = [
    "A workshop makes 68 boots and 62 mugs a day; each boot earns $17.50.\nMaximize the profit.",
    "const s = h.solve(`Maximize\n obj: 68 boots + 62 mugs\nSubject To\n c1: 17 boots + 22 mugs <= 488\nEnd`);\nconsole.log(s.ObjectiveValue);\n",
    "model = gp.Model()\nx = model.addVar(vtype=GRB.INTEGER, name='x_1')\nmodel.addConstr(3*x + 2*y <= 100)\r\n",
]
VOCAB_SIZE = 420
TEXTS = [
    "", "solve 488 boots\n", "优化 max 🚀 é ǆ", "a\r\n\tb\n\n  c  ", "_x_1__\x00\x7f\x85\u00a0\ufeff", "٣ ４ x²", "x_1<=3;\n\n", "<go>3 boots<eos>",
    " 12345.678e-9", "don't stop `code`);\n", "ĠĊ literal", "\u2028\u3000end",
]

source = """
import { trainBpe, writeTokenizer } from './dist/tokenizer/bpe-trainer.js';
const [directory, corpus, vocabSize] = process.argv.slice(1);
await writeTokenizer(directory, trainBpe(JSON.parse(corpus), { vocabSize: Number(vocabSize) }));
"""
with tempfile.TemporaryDirectory() as directory:
    subprocess.run(["node", "--input-type=module", "-e", source, directory, json.dumps(CORPUS), str(VOCAB_SIZE)], check=True)
    tokenizer = Tokenizer.from_file(f"{directory}/tokenizer.json")
rng = random.Random(0)
alphabet = "ab zZ09 \n\t\r_-+<=`().,;é中🚀½"
TEXTS += ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 40))) for _ in range(150)]
cases = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in TEXTS]
assert all(tokenizer.decode(c["ids"], skip_special_tokens=False) == c["text"] for c in cases)
out = Path("test/golden/tokenizer/python-ids.json")
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({"corpus": CORPUS, "vocabSize": VOCAB_SIZE, "cases": cases}) + "\n")
print(len(cases), "texts")
