// aws-local-stepfunctions: what protocol.py says of drivers, for Node. Tasks are answered by functions by state name.
//
//   NODE_PACKAGES=.../node_modules node with_aws_local_stepfunctions.mjs WORKLOAD.json SECONDS

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { FUNCTIONS } from './functions.mjs';

const MOST = 2000; // samples

// Its Task states call what Node has from 22 on.
if (!Promise.withResolvers) {
  Promise.withResolvers = function withResolvers() {
    const deferred = {};
    deferred.promise = new this((resolve, reject) => Object.assign(deferred, { resolve, reject }));
    return deferred;
  };
}

function handlersOf(machine, found = {}) {
  for (const [name, state] of Object.entries(machine.States)) {
    if (state.Resource) found[name] = FUNCTIONS[state.Resource.split(':').at(-1)];
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor].filter(Boolean)) handlersOf(inner, found);
  }
  return found;
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function said() {
  const work = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const budget = Number(process.argv[3]);
  try {
    const { StateMachine } = createRequire(`${process.env.NODE_PACKAGES}/`)('aws-local-stepfunctions');
    const machine = new StateMachine(work.definition);
    const options = { overrides: { taskResourceLocalHandlers: handlersOf(work.definition) } };
    const samples = [];
    let spent = 0;
    do {
      const began = cpu();
      let output;
      for (let turn = 0; turn < work.times; turn += 1) output = await machine.run(work.input, options).result;
      samples.push(cpu() - began);
      spent += samples.at(-1);
      if (!isDeepStrictEqual(output, work.expected)) return { wrong: JSON.stringify(output)?.slice(0, 200) };
    } while (spent < budget && samples.length < MOST);
    return { seconds: median(samples) };
  } catch (error) {
    return { fails: `${error.name}: ${error.message}`.slice(0, 200) };
  }
}

console.log(JSON.stringify(await said()));
process.exit(0);
