"""What each notebook is asked when all its cells have run: expressions, by names of answers."""

from __future__ import annotations

from notebook_files import (
    DESCRIBED,
    EXPLORING,
    FAILING,
    FIRST,
    KEPT,
    MODELS,
    OWN,
    SALESFORCE,
    SEGMENT,
    TRANSLATED,
)

QUESTIONS = {
    FIRST: {"counts": "run.counts"},
    EXPLORING: {
        "requests": "demo.requests",
        "users": "[each['payload']['user_id'] for each in demo.operations]",
        "run": "str(explorer.run)",
    },
    SALESFORCE: {
        "completed": "[(each.results()['status'] == 'completed').sum() for each in (run, second)]",
        "left": "len(second.failed())",
        "submitted": "[*contacts.loc[run.results()['status'] == 'completed', 'Customer_Id__c'], "
        "*again.loc[second.results()['status'] == 'completed', 'Customer_Id__c']]",
        "there": "[each['Customer_Id__c'] for each in org.records['Contact']]",
    },
    FAILING: {
        "contacts": "len(org.records['Contact'])",
        "upserted": "(again.results()['status'] == 'completed').sum()",
        "retried": "again.counts",
        "counts": "run.counts",
        "status": "run.status",
        "is_one_run": "session.runs() == [run]",
        "submits": "demo.requests['POST /operations/batch']",
        "customers": "[each['payload']['user_id'] for each in demo.operations]",
    },
    OWN: {
        "counts": "run.counts",
        "submits": "len(answers)",
        "contacts": "[each['email'] for each in contacts.values()]",
    },
    DESCRIBED: {
        "counts": "run.counts",
        "completed": "people.loc[run.results()['status'] == 'completed', 'email'].tolist()",
        "there": "[each['email'] for each in api.records['profile']]",
        "jobs": "len(api.operations)",
    },
    SEGMENT: {
        "counts": "run.counts",
        "sent": "[each['payload'] for each in demo.operations]",
        "reasons": "preview.invalid",
    },
    KEPT: {
        "counts": "(first, second, third)",
        "rows": "len(tonight)",
        "points": "{each['external_id']: each['properties']['points'] "
        "for each in klaviyo.records['profile']}",
        "wanted": "dict(zip(tonight['customer_id'], tonight['points']))",
    },
    TRANSLATED: {
        "counts": "run.counts",
        "submits": "demo.requests['POST /operations']",
        "users": "[each['payload']['user_id'] for each in demo.operations]",
    },
    MODELS: {
        "completed": "(again.results()['status'] == 'completed').sum()",
        "first": "run.counts['completed']",
        "topics": "sorted(results['topic'].dropna().unique())",
        "parsed": "results['topic'].notna().sum()",
        "done": "run.counts['completed'] - results['refusal'].notna().sum()",
        "jobs": "len(vendor.operations)",
        "sent_again": "len(vendor.operations[-1]['rows'])",
        "retryable": "results['retryable'].fillna(False).sum()",
    },
}
