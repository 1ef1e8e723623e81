# SPDX-License-Identifier: Apache-2.0
"""A linear map of an embedding whose first 32 and 64 numbers keep more of its neighbours.

    nest_axes.py TRAIN.npy IN.npy OUT.npy [IN.npy OUT.npy ...]

Rows of 128 numbers. The map starts from the principal directions and is learned on 4,096 rows of TRAIN: in batches of 512 each
prefix of 32, 64 and (three times as heavy) 128 numbers shall have the softened neighbours of the whole, a softmax of cosines at
temperature 0.09 (cross-entropy; 300 steps of Adam). No labels. It is linear, so it could be a part of the last layer of a model.
Needs numpy and torch.
"""

import sys

import numpy as np
import torch

PREFIXES, ROWS, BATCH, STEPS, RATE, TEMPERATURE = {32: 1, 64: 1, 128: 3}, 4096, 512, 300, 2e-3, 0.09


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def learn(rows):
    torch.manual_seed(0)
    directions = np.linalg.eigh(rows.T @ rows)[1][:, ::-1].copy()
    rows = torch.tensor(rows[np.random.default_rng(5).permutation(len(rows))[:ROWS]])
    turn, itself = torch.tensor(directions).float().requires_grad_(True), torch.eye(BATCH) * 1e4
    adam = torch.optim.Adam([turn], lr=RATE)
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        batch = rows[torch.randint(0, len(rows), (BATCH,))]
        wanted, loss = torch.softmax(batch @ batch.T / TEMPERATURE - itself, 1), 0
        for numbers, weight in PREFIXES.items():
            part = torch.nn.functional.normalize((batch @ turn)[:, :numbers], dim=1)
            found = torch.log_softmax(part @ part.T / TEMPERATURE - itself, 1)
            loss = loss - weight * (wanted * found).sum(1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return turn.detach().numpy()


def main(train, *files):
    turn = learn(unit(np.load(train).astype(np.float32)))
    for source, out in zip(files[::2], files[1::2]):
        np.save(out, unit(unit(np.load(source).astype(np.float32)) @ turn))


if __name__ == "__main__":
    if len(sys.argv) < 4 or len(sys.argv) % 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
