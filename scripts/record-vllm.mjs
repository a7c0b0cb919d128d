/**
 * Records what a real vLLM server answers -> test/servers/recorded/vllm-VERSION.json, which test/servers/stand-in-server.ts replays.
 *
 *     EVOM_VLLM=.venv-vllm/bin/vllm node scripts/record-vllm.mjs [set]     # after npm run build; sets: all (default), base, chat, lora, crash
 *     npx biome format --write test/servers/recorded
 *
 * The server is started on checkpoints/tiny three times: with a whole model, with adapters, and with prompts prefilled in chunks, which
 * ends vLLM's CPU build. Paths and times are replaced by {model}, {other} and 0, so that two recordings differ where the server does.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVllm, writeAdapter, writeScaled } from './record-vllm/server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const model = join(root, 'checkpoints/tiny');
const program = process.env.EVOM_VLLM;
if (!program) throw new Error('set EVOM_VLLM to the vllm program; scripts/setup-vllm.sh makes one');
const chosen = process.argv[2] ?? 'all';
const work = mkdtempSync(join(tmpdir(), 'evom-record-'));
const other = join(work, 'other');
const adapter = join(work, 'adapter');
const prompt = Array.from({ length: 24 }, (_, i) => 40 + 7 * i);
const long = Array.from({ length: 300 }, (_, i) => 40 + (i % 500));
const exchanges = {};
const launch = ['--generation-config', 'vllm', '--no-enable-chunked-prefill', '--max-num-batched-tokens', '16384'];
const neutral = { repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0, min_p: 0 };
const sampled = {
  model: 'base',
  prompt,
  n: 1,
  temperature: 1,
  top_k: -1,
  top_p: 1,
  max_tokens: 8,
  stop_token_ids: [1],
  logprobs: 0,
  return_token_ids: true,
  skip_special_tokens: false,
  ...neutral,
};

/** Asks, and keeps the answer under a name; an answer that broke off has status 0. */
async function record(url, name, method, path, body) {
  let answer;
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    answer = { status: response.status, contentType: response.headers.get('content-type'), body: await response.text() };
  } catch (error) {
    answer = { status: 0, contentType: null, body: '', error: error.cause?.code ?? error.message };
  }
  const plain = (text) =>
    text
      .replaceAll(model, '{model}')
      .replaceAll(work, '{other}')
      .replace(/"(created|start_time)":\d+/g, '"$1":0')
      .replace(/(chatcmpl|cmpl|modelperm|error)-[0-9a-f-]{8,}/g, '$1-0');
  exchanges[name] = {
    method,
    path,
    ...(body === undefined ? {} : { request: JSON.parse(plain(JSON.stringify(body))) }),
    ...answer,
    body: plain(answer.body),
  };
  console.error(`${name}: ${answer.status} ${answer.contentType} ${answer.body.slice(0, 160)}`);
  return answer;
}

/** The few settings that evom looks at, of an answer of 60 kB. */
async function recordSettings(url, name) {
  const { vllm_config: config } = await (await fetch(`${url}/server_info?config_format=json`)).json();
  const { max_num_batched_tokens, enable_chunked_prefill } = config.scheduler_config;
  const { logprobs_mode, generation_config } = config.model_config;
  const body = {
    vllm_config: {
      scheduler_config: { max_num_batched_tokens, enable_chunked_prefill },
      model_config: { logprobs_mode, generation_config },
    },
  };
  exchanges[name] = {
    method: 'GET',
    path: '/server_info?config_format=json',
    shortened: true,
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify(body),
  };
  // The JSON leaves the device out; the text has it.
  const { vllm_config: text } = await (await fetch(`${url}/server_info`)).json();
  exchanges[`${name}_text`] = {
    method: 'GET',
    path: '/server_info',
    shortened: true,
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify({ vllm_config: text.replaceAll(model, '{model}') }),
  };
}

async function recordBase() {
  const { url, version, stop } = await startVllm(program, model, launch);
  try {
    const ask = (name, method, path, body) => record(url, name, method, path, body);
    await ask('health', 'GET', '/health');
    await ask('version', 'GET', '/version');
    await ask('models', 'GET', '/v1/models');
    await ask('completion', 'POST', '/v1/completions', { ...sampled, seed: 7 });
    await ask('completion_greedy', 'POST', '/v1/completions', { ...sampled, temperature: 0 });
    await ask('completion_unknown_model', 'POST', '/v1/completions', { ...sampled, model: 'nobody' });
    await ask('completion_too_long', 'POST', '/v1/completions', { ...sampled, max_tokens: 100000 });
    await ask('probe', 'POST', '/v1/completions', {
      model: 'base',
      prompt,
      max_tokens: 1,
      temperature: 0,
      prompt_logprobs: 0,
      return_token_ids: true,
    });
    await ask('weight_info', 'GET', '/weight_info');
    await ask('pause', 'POST', '/pause?mode=keep');
    await ask('reload_missing', 'POST', '/collective_rpc', { method: 'reload_weights', kwargs: { weights_path: join(work, 'absent') } });
    await ask('reload', 'POST', '/collective_rpc', { method: 'reload_weights', kwargs: { weights_path: other } });
    await ask('repack_tied_head', 'POST', '/collective_rpc', { method: 'repack_tied_head' });
    await ask('reset_prefix_cache', 'POST', '/reset_prefix_cache');
    await ask('update_weight_version', 'POST', '/update_weight_version', { new_version: '1' });
    await ask('resume', 'POST', '/resume');
    await ask('weight_info_1', 'GET', '/weight_info');
    await ask('probe_1', 'POST', '/v1/completions', {
      model: 'base',
      prompt,
      max_tokens: 1,
      temperature: 0,
      prompt_logprobs: 0,
      return_token_ids: true,
    });
    // A request in flight holds blocks.
    const running = record(url, 'completion_long', 'POST', '/v1/completions', {
      ...sampled,
      max_tokens: 400,
      ignore_eos: true,
      stop_token_ids: [],
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    await ask('reset_prefix_cache_held', 'POST', '/reset_prefix_cache');
    await running;
    await ask('reload_unknown_method', 'POST', '/collective_rpc', { method: 'no_such_method' });
    await ask('load_lora_adapter_off', 'POST', '/v1/load_lora_adapter', { lora_name: 'evom-v1', lora_path: adapter });
    await recordSettings(url, 'server_info');
    return version;
  } finally {
    await stop();
  }
}

/** The chat route, as `policy.type: chat` asks it. */
async function recordChat() {
  const { url, version, stop } = await startVllm(program, model, launch);
  try {
    const ask = (name, body) => record(url, name, 'POST', '/v1/chat/completions', body);
    const messages = [{ role: 'user', content: 'A workshop makes boots and mugs. Maximize the profit.' }];
    const chat = { model: 'base', messages, n: 1, temperature: 1, max_tokens: 8, seed: 7 };
    await ask('chat', chat);
    await ask('chat_stop', { ...chat, temperature: 0, max_tokens: 200 });
    await ask('chat_top', { ...chat, top_p: 0.9, top_k: 20 });
    await ask('chat_unknown_model', { ...chat, model: 'nobody' });
    await ask('chat_too_long', { ...chat, max_tokens: 100000 });
    await ask('chat_no_messages', { ...chat, messages: [] });
    return version;
  } finally {
    await stop();
  }
}

async function recordLora() {
  const { url, version, stop } = await startVllm(program, model, [...launch, '--enable-lora', '--max-lora-rank', '8']);
  try {
    const ask = (name, method, path, body) => record(url, name, method, path, body);
    await ask('load_lora_adapter', 'POST', '/v1/load_lora_adapter', { lora_name: 'evom-v1', lora_path: adapter });
    await ask('load_lora_adapter_again', 'POST', '/v1/load_lora_adapter', { lora_name: 'evom-v1', lora_path: adapter });
    await ask('load_lora_adapter_missing', 'POST', '/v1/load_lora_adapter', { lora_name: 'evom-v2', lora_path: join(work, 'absent') });
    await ask('models_lora', 'GET', '/v1/models');
    await ask('completion_lora', 'POST', '/v1/completions', { ...sampled, model: 'evom-v1', seed: 7 });
    await ask('probe_lora', 'POST', '/v1/completions', {
      model: 'evom-v1',
      prompt,
      max_tokens: 1,
      temperature: 0,
      prompt_logprobs: 0,
      return_token_ids: true,
    });
    await ask('unload_lora_adapter', 'POST', '/v1/unload_lora_adapter', { lora_name: 'evom-v1' });
    await ask('unload_lora_adapter_again', 'POST', '/v1/unload_lora_adapter', { lora_name: 'evom-v1' });
    return version;
  } finally {
    await stop();
  }
}

async function recordCrash() {
  const { url, version, stop } = await startVllm(program, model, [
    '--enable-chunked-prefill',
    '--max-num-batched-tokens',
    '64',
    '--max-num-seqs',
    '4',
  ]);
  try {
    await recordSettings(url, 'crash_server_info');
    await record(url, 'crash_seeded_chunked', 'POST', '/v1/completions', { ...sampled, prompt: long, seed: 7 });
    await record(url, 'crash_next', 'POST', '/v1/completions', { ...sampled, seed: 7 });
    await record(url, 'crash_health', 'GET', '/health');
    return version;
  } finally {
    await stop();
  }
}

try {
  await writeScaled(model, other, 1.05);
  await writeAdapter(model, adapter, 8);
  const version = [
    ...(chosen === 'all' || chosen === 'base' ? [await recordBase()] : []),
    ...(chosen === 'all' || chosen === 'chat' ? [await recordChat()] : []),
    ...(chosen === 'all' || chosen === 'lora' ? [await recordLora()] : []),
    ...(chosen === 'all' || chosen === 'crash' ? [await recordCrash()] : []),
  ].at(-1);
  const path = join(root, `test/servers/recorded/vllm-${version}.json`);
  mkdirSync(join(path, '..'), { recursive: true });
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).exchanges : {};
  writeFileSync(path, `${JSON.stringify({ server: 'vllm', version, exchanges: { ...before, ...exchanges } }, null, 1)}\n`);
  console.error(path);
} finally {
  rmSync(work, { recursive: true, force: true });
}
