"""Mostra els missatges de Bluesky del topic bluesky_laliga: autor, text i adreça (apunts, apartat 5.5).

S'atura amb Ctrl-C.
"""

import json

from kafka import KafkaConsumer

consumer = KafkaConsumer(
    "bluesky_laliga",
    bootstrap_servers="localhost:9092",
    auto_offset_reset="earliest",
    isolation_level="read_committed",  # No mostra mai un lot que s'ha quedat a mitges
    metadata_max_age_ms=5000,  # Si el topic encara no existeix, el trobarà en 5 segons (i no en 5 minuts)
)


def post_url(post):
    """L'adreça web d'un missatge: el seu ID és el final de la uri at://did:plc:.../app.bsky.feed.post/ID"""
    post_id = post["id"]["uri"].split("/")[-1]
    return f"https://bsky.app/profile/{post['author']['handle']}/post/{post_id}"


try:
    for message in consumer:
        try:
            post = json.loads(message.value)["payload"]
            author = post["author"]["displayName"] or post["author"]["handle"]
            print(f"{author}: {post['text']}\n  {post_url(post)}", flush=True)
        except (KeyError, TypeError, ValueError) as error:
            print(f"No és un missatge de Bluesky (offset {message.offset}): {error!r}", flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
