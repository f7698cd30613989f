#!/usr/bin/env python3
"""Compares lensweep's chat templates with jinja2 set up as transformers sets it up.

    python3 tests/compare_chat.py RENDER_CHAT [TEMPLATE...]

RENDER_CHAT is the program of tests/tools/render_chat.c. Without templates, those below are compared: each
says something that the templates of the families use for messages of text, which is all that lensweep
gives them. Every template renders every conversation; where jinja2 raises an error, so must lensweep, and
what lensweep alone refuses is counted and named (and only allowed for templates given as files). Exit
status: 0 equal, 1 they differ, 77 jinja2 is missing.
"""
import argparse
import json
import subprocess
import sys
import tempfile

try:
    import jinja2
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment
except ImportError as e:
    print(f"skip: {e}")
    sys.exit(77)

TEMPLATES = {
    "chatml": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
              "You help.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
              "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "alternate": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
                 "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
                 "'roles must alternate') }}{% endif %}{% set role = 'model' if m.role == 'assistant' else m.role %}"
                 "{{ '<t>' + role + '\n' + m['content'] | trim + '</t>\n' }}{% endfor %}",
    "spaces": "  {# a comment #}\n  {% if true %}\n    x {%- if 1 %} y {%+ endif -%}\n  z\n  {% endif %}\n"
              "a\n{%- set q = 1 %}\n  {{ q }}  \n{{- q -}}  \n b\n{#- c -#}\n\n {% for i in range(3) %}\n{{ i }}\n{% endfor %}\n\n",
    "namespace": "{% set ns = namespace(i=0, last='') %}{% for m in messages %}{% set x = m.content %}{% if m.role == 'user' %}"
                 "{% set ns.i = ns.i + 1 %}{% set ns.last = m.content %}{% endif %}{% endfor %}{{ ns.i }} {{ ns.last }}"
                 "{{ x is defined }}{{ m is defined }}",
    "backwards": "{% for m in messages[::-1] %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.length }}{{ loop.last }}{{ m.role[1:-1] }}"
                 "{{ m.content[-3:] }} {% else %}none{% endfor %}{{ messages[1:]|length }}{{ messages[-1].role }}",
    "methods": "{% for m in messages %}{{ m.content.split('e')[-1] }}{{ m.content.split('e')|length }}{{ m.content.strip('\n H').lstrip().rstrip('.') }}"
               "{{ m.content.startswith('Hi') }}{{ m.content.endswith(('?', '.')) }}{{ m.content.replace('i', 'ii') }}"
               "{{ m.role.upper() }}{{ m.get('role') }}{{ m.get('x') }}{{ m.get('x', 3) }}{{ m.content.split('e', 1)[-1] }}{% endfor %}",
    "filters": "{% for m in messages %}{{ m|tojson }}{{ m|tojson(ensure_ascii=false) }}{{ m.content|length }}{{ m.content|trim|upper if m.role == 'x' }}"
               "{{ m.missing|default('d') }}{{ m.missing|default }}{{ ''|default('e', true) }}{{ m.role|capitalize }}{{ m.role|upper|lower }}"
               "{{ m.content|replace('i', 'o') }}{{ m.content|string|safe }}{{ [1, 2]|join(', ') }}{{ 11|int + 1 }}{% endfor %}"
               "{{ messages|selectattr('role', 'equalto', 'user')|list|length }}{{ (messages|rejectattr('role', 'eq', 'user')|list)[0].content }}",
    "tests": "{{ x is defined }}{{ x is not defined }}{{ none is none }}{{ 'a' is string }}{{ messages is iterable }}{{ messages[0] is mapping }}"
             "{{ 1 is number }}{{ true is boolean }}{{ 1 is float }}{{ 1 is eq(1) }}{{ [1] == [1] }}"
             "{{ x is none }}{{ false is false }}{{ messages is sequence }}{{ 'a' is mapping }}{{ not x is defined }}{{ 'b' not in 'abc' }}",
    "values": "{{ none }}{{ true }}{{ [1, 'a', none, \"it's\"]|tojson }}{{ {'a': 1, 'b': [true]}|tojson }}{{ (1, 2)[1] }}{{ 7 // 2 }}{{ -7 // 2 }}{{ -7 % 3 }}"
              "{{ 1 + 2 * 3 - 4 }}{{ 'a' ~ 1 ~ none }}{{ '\\n\\t\\'' }}{{ 2 > 1 and 3 >= 3 }}"
              "{{ 1 == true }}{{ '' or 'z' }}{{ 'y' and '' }}{{ undefined_thing }}{{ (x.y is defined) if x is defined else 'u' }}",
    "macro": "{% macro show(m, mark='*') %}{{ mark }}{{ m.role }}:{{ m.content }}{{ mark }}{% endmacro %}{% for m in messages %}{{ show(m) }}{{ show(m, mark='-') }}"
             "{% endfor %}{% set text %}a{{ messages|length }}b{% endset %}{{ text }}{{ text|length }}",
    "loops": "{% for m in messages if m.role != 'system' %}{{ loop.index }}{{ loop.first }}{% if loop.index == 3 %}{% break %}{% endif %}{% if m.role == 'user' %}"
             "{% continue %}{% endif %}{{ m.content }}{% for c in 'ab' %}{{ c }}{{ loop.index0 }}{% endfor %}{{ loop.nextitem.role if loop.nextitem is defined }}{% endfor %}"
             "{% for i in [] %}{% else %}empty{% endfor %}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "date": "{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}"
            "{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}{{ date_string }}{%- if not tools is defined %}"
            "{%- set tools = none %}{%- endif %}{{ tools is not none and tools }}",
    "content-list": "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for k, item in m['content'].items() %}{% if item['type'] == 'text' %}"
                    "{{ item['text'] | indent }}{% endif %}{% endfor %}{% endif %}{% endfor %}",
    "errors": "{{ messages[0].x.y }}", "no-role": "{{ messages[9].role }}", "add": "{{ 'a' + 1 }}", "attribute": "{{ x.y }}",
}

CONVERSATIONS = [
    [{"role": "user", "content": "Hi there."}],
    [{"role": "system", "content": " Be brief. \n"}, {"role": "user", "content": "Hi\n\n  what's \"this\"?"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb é 世界 \u00a0"}, {"role": "user", "content": "\tc\n"}],
    [{"role": "user", "content": "one two"}, {"role": "user", "content": "three"}],
    [{"role": "system", "content": ""}, {"role": "user", "content": "x\\y\u007f\u0001"}, {"role": "assistant", "content": "ok"}, {"role": "tool", "content": "{}"}],
]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    return env


def cases():
    marks = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    for messages in CONVERSATIONS:
        for prompt in (True, False):
            yield {"messages": messages, "add_generation_prompt": prompt, **marks}
    yield {"messages": CONVERSATIONS[0], "add_generation_prompt": True, "enable_thinking": False, **marks}


def compare(program, name, path, text):
    batch = list(cases())
    data = "".join(json.dumps(c) + "\n" for c in batch)
    lines = subprocess.run([program, path], input=data.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    wrong, refused = 0, set()
    for case, line in zip(batch, lines, strict=True):
        try:
            want = environment().from_string(text).render(**case)
        except Exception as e:
            want = None
            why = str(e)
        got = None if line.startswith("error: ") else bytes.fromhex(line).decode()
        if got is None and want is not None:
            refused.add(line[7:])
        elif got != want:
            wrong += 1
            if wrong <= 2:
                print(f"{name}: {json.dumps(case)[:200]}\ngot  {got!r}\nwant {want!r}" + (f" ({why})" if want is None else ""))
    return wrong, refused, len(batch)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("templates", nargs="*")
    args = parser.parse_args()
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        todo = [(t, t, open(t, encoding="utf-8").read()) for t in args.templates]
        if not todo:
            for name, text in TEMPLATES.items():
                path = f"{folder}/{name}.jinja"
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
                todo.append((name, path, text))
        for name, path, text in todo:
            wrong, refused, n = compare(args.program, name, path, text)
            print(f"{name.split('/')[-1]}: {n} conversations, {wrong} differ" + "".join(f"; refused: {r}" for r in sorted(refused)))
            status |= wrong > 0 or (bool(refused) and not args.templates)
    print(f"{len(todo)} templates (jinja2 {jinja2.__version__})")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
