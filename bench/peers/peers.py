"""Other projects on the benchmarks' data: `peers.py PROJECT PROTOCOL FOLDER SETTINGS-AS-JSON`. Prints one object.

Files of FOLDER (little-endian; bench/rating-file.ts writes them): `ratings` (users, items, n, pad; user[n], item[n] int32;
time[n] float64), for topn `split` (uint8: 0 train, 1 valid, 2 test), for candidates `lists` (rows, width; then rows of
user, target, candidates, -1 where there are fewer).
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # implicit asks for it: its own threads do the work
os.environ.setdefault("RAYON_NUM_THREADS", "2")

import numpy as np
import scipy.sparse as sparse

CUT = 10


def read(folder):
    path = f"{folder}/ratings"
    users, items, n, _ = (int(x) for x in np.fromfile(path, dtype=np.int32, count=4))
    user = np.fromfile(path, dtype=np.int32, count=n, offset=16)
    item = np.fromfile(path, dtype=np.int32, count=n, offset=16 + 4 * n)
    times = np.fromfile(path, dtype=np.float64, count=n, offset=16 + 8 * n)
    return users, items, user, item, times


def half_tied_rank(scores, target):
    """1 + (scored higher) + half of (other scored equal)."""
    own = scores[target]
    return 1 + np.count_nonzero(scores > own) + (np.count_nonzero(scores == own) - 1) / 2


def ndcg(ranks):
    gain = sum(1 / np.log2(1 + rank) for rank in ranks if rank <= CUT)
    return gain / sum(1 / np.log2(1 + rank) for rank in range(1, min(CUT, len(ranks)) + 1))


def topn(score_user, known, test):
    """Mean NDCG and recall over users with a test row; known items are masked."""
    gains, recalls = [], []
    for user in range(test.shape[0]):
        targets = test.indices[test.indptr[user] : test.indptr[user + 1]]
        if len(targets) == 0:
            continue
        scores = np.array(score_user(user), dtype=np.float64)
        scores[known.indices[known.indptr[user] : known.indptr[user + 1]]] = -np.inf
        ranks = [half_tied_rank(scores, target) for target in targets]
        gains.append(ndcg(ranks))
        recalls.append(np.mean([rank <= CUT for rank in ranks]))
    return {"ndcg@10": float(np.mean(gains)), "recall@10": float(np.mean(recalls))}


def candidates(score_user, folder):
    path = f"{folder}/lists"
    rows, width = (int(x) for x in np.fromfile(path, dtype=np.int32, count=2))
    table = np.fromfile(path, dtype=np.int32, offset=8).reshape(rows, width)
    hits, gains = [], []
    for user, target, *others in table:
        scores = score_user(user)
        listed = np.array([item for item in others if item >= 0 and item != target])
        own = scores[target]
        rank = 1 + np.count_nonzero(scores[listed] > own) + np.count_nonzero(scores[listed] == own) / 2
        hits.append(rank <= CUT)
        gains.append(1 / np.log2(1 + rank) if rank <= CUT else 0)
    return {"hr@10": float(np.mean(hits)), "ndcg@10": float(np.mean(gains))}


def matrix(user, item, users, items):
    ones = np.ones(len(user), dtype=np.float32)
    built = sparse.csr_matrix((ones, (user, item)), shape=(users, items))
    built.data[:] = 1
    built.sort_indices()
    return built


def implicit_als(known, settings):
    import implicit

    model = implicit.cpu.als.AlternatingLeastSquares(
        factors=settings["factors"],
        regularization=settings["regularization"],
        alpha=settings["alpha"],
        iterations=settings["epochs"],
        num_threads=2,
        random_state=settings["seed"],
    )
    assert model.cg_steps == settings["steps"]
    epochs = []
    took = fitted_in(
        lambda: model.fit(known, show_progress=False, callback=lambda _epoch, seconds, *_: epochs.append(seconds))
    )
    one = latency(lambda user: model.recommend(user, known[user], N=CUT), known.shape[0])
    return (lambda user: model.item_factors @ model.user_factors[user]), {**took, "epochSeconds": epochs, **one}


def implicit_items(known, settings):
    import implicit.nearest_neighbours as nearest

    kind = {"cosine": nearest.CosineRecommender, "bm25": nearest.BM25Recommender}[settings["weighting"]]
    model = kind(K=settings["neighbours"], num_threads=2)
    took = fitted_in(lambda: model.fit(known, show_progress=False))
    one = latency(lambda user: model.recommend(user, known[user], N=CUT), known.shape[0])
    return (lambda user: (known[user] @ model.similarity).toarray()[0]), {**took, **one}


def lenskit(known, settings):
    import logging

    import pandas
    from lenskit.als import ImplicitMFScorer
    from lenskit.data import ItemList, RecQuery, from_interactions_df
    from lenskit.knn import EASEScorer, ItemKNNScorer
    from lenskit.pipeline import topn_pipeline
    from lenskit.training import TrainingOptions

    logging.disable(logging.INFO)
    kinds = {"als": ImplicitMFScorer, "items": ItemKNNScorer, "ease": EASEScorer}
    scorer = kinds[settings["kind"]](**settings["config"])
    # A pair that comes twice would count twice.
    pairs = known.tocoo()
    frame = pandas.DataFrame({"user_id": pairs.row, "item_id": pairs.col})
    data = from_interactions_df(frame, class_name="choice")
    pipeline = topn_pipeline(scorer, n=CUT)
    took = fitted_in(lambda: pipeline.train(data, TrainingOptions(rng=settings["seed"])))
    one = latency(lambda who: pipeline.run("recommender", query=int(who), n=CUT), known.shape[0])
    everything = ItemList(item_ids=np.unique(pairs.col))
    at = everything.ids()

    def score(who):
        mine = known.indices[known.indptr[who] : known.indptr[who + 1]]
        query = RecQuery(user_id=int(who), user_items=ItemList(item_ids=mine))
        scores = np.full(known.shape[1], -np.inf)
        scores[at] = np.nan_to_num(pipeline.node("scorer").component(query, everything).scores(), nan=-np.inf)
        return scores

    return score, {**took, **one}


def kindling(known, settings, user, item, times):
    import pandas
    from kindling import Engine

    frame = pandas.DataFrame({"entity_id": user, "item_id": item, "timestamp": pandas.to_datetime(times, unit="ms")})
    # Where candidates are compared it is asked about all items, else a candidate that it does not list has no place.
    everything = settings.get("everything", False)
    engine = Engine(retrieval_budget=known.shape[1]) if everything else Engine()
    took = fitted_in(lambda: (engine.fit(frame), engine.recommend(int(user[0]), n=CUT)))  # the latter builds its native engine
    one = latency(lambda who: engine.recommend(int(who), n=CUT), known.shape[0])
    everyone = [int(x) for x in range(known.shape[0])]
    start = time.perf_counter()
    lists = engine.recommend_batch(everyone, n=CUT)
    one["batchASecond"] = len(everyone) / (time.perf_counter() - start)
    if everything:
        lists = engine.recommend_batch(everyone, n=known.shape[1])

    def score(who):
        scores = np.full(known.shape[1], -np.inf)
        for place, recommended in enumerate(lists[who]):
            scores[int(recommended.item_id)] = -place
        return scores

    return score, {**took, **one}


def processor_seconds():
    """Of all threads so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fitted_in(fit):
    """Seconds, and seconds of processor time, that `fit` takes."""
    start, used = time.perf_counter(), processor_seconds()
    fit()
    return {"fitSeconds": time.perf_counter() - start, "cpuSeconds": processor_seconds() - used}


def latency(recommend, users):
    """One list after another, on one core: seconds of each, in the middle, and lists a second."""
    for user in range(200):
        recommend(user)
    times = []
    began = time.perf_counter()
    for user in range(min(users, 2000)):
        start = time.perf_counter()
        recommend(user)
        times.append(time.perf_counter() - start)
    return {"p50Ms": 1000 * float(np.median(times)), "listsASecond": len(times) / (time.perf_counter() - began)}


def main(project, protocol, folder, settings):
    users, items, user, item, times = read(folder)
    fitted = np.full(len(user), True)
    if protocol == "topn":
        split = np.fromfile(f"{folder}/split", dtype=np.uint8)
        fitted = split != 2
    known = matrix(user[fitted], item[fitted], users, items)
    if project == "implicit-als":
        score, detail = implicit_als(known, settings)
    elif project == "implicit-items":
        score, detail = implicit_items(known, settings)
    elif project == "lenskit":
        score, detail = lenskit(known, settings)
    else:
        score, detail = kindling(known, settings, user[fitted], item[fitted], times[fitted])
    if protocol == "topn":
        metrics = topn(score, known, matrix(user[~fitted], item[~fitted], users, items))
    else:
        metrics = candidates(score, folder)
    print(json.dumps({"metrics": metrics, **detail}))


main(*sys.argv[1:4], json.loads(sys.argv[4]))
