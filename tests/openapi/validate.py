#!/usr/bin/python3
"""validate.py SCHEMA DOCUMENT ANSWERS -- whether a description in OpenAPI 3.1 is valid, and whether answers are as it says.

ANSWERS: a JSON object a line: method, path (as asked), status, type (Content-Type), body (text). Answers of paths that the
document does not know are passed over; every operation of the document must have been answered at least once.
"""
import json
import re
import sys

from jsonschema import Draft202012Validator


def fail(text):
    print(text)
    sys.exit(1)


def check(validator, value, what):
    for error in validator.iter_errors(value):
        fail(f"{what}: at {list(error.absolute_path)}: {error.message}")


def load(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def operations(document):
    """(method, pattern of paths, template, operation)"""
    for template, item in document["paths"].items():
        pattern = re.compile(re.sub(r"\{[^}]*\}", "[^/]+", template) + r"(\?.*)?$")
        for method, operation in item.items():
            yield method.upper(), pattern, template, operation


def check_answer(document, operation, line, what):
    response = operation["responses"].get(str(line["status"]))
    if response is None:
        fail(f"{what}: {line['status']} is not described: {line['body']}")
    content = response.get("content")
    if content is None:
        return
    kind = line["type"].split(";")[0]
    if kind not in content:
        fail(f"{what}: {line['status']} came as {kind}, not as {list(content)}")
    schema = dict(content[kind]["schema"], components=document["components"])
    check(Draft202012Validator(schema), json.loads(line["body"]), f"{what}: {line['status']} {line['body']}")


def main(schema_path, document_path, answers_path):
    schema, document = load(schema_path), load(document_path)
    Draft202012Validator.check_schema(schema)
    check(Draft202012Validator(schema), document, "the document")
    for name, part in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(part)
        if part.get("required", []) != [n for n in part["properties"] if n in part["required"]]:
            fail(f"{name} requires what it has not")
    rows = list(operations(document))
    seen = set()
    with open(answers_path, encoding="utf-8") as stream:
        for text in stream:
            line = json.loads(text)
            for method, pattern, template, operation in rows:
                if method == line["method"] and pattern.match(line["path"]):
                    seen.add((method, template))
                    check_answer(document, operation, line, f"{method} {line['path']}")
    unseen = [f"{method} {template}" for method, _, template, _ in rows if (method, template) not in seen]
    if unseen:
        fail(f"asked by no test: {unseen}")
    print(f"{len(rows)} operations, {len(document['components']['schemas'])} shapes: valid")


if __name__ == "__main__":
    main(*sys.argv[1:])
