"""llmcourse: a small, readable stack for pretraining language models, built exercise by exercise.

A room for each chapter or notebook, in the order in which they are built; each uses what stands above it, never what
stands below:

    tokenization/   chapter 1: from text to token ids
        inputs         is this a text, are these special tokens: asked once, where they come in
        words          text into words before merging, and bytes as printable characters
        bpe            merges learned and applied: plain first, then fast
        tokenizer      the tokenizer that models are trained with, and its tokenizer.json
        compatibility  which tokenizer.json files can be read
        huffman        the shortest code for known frequencies
        unigram        other ways to cut a word: unigram and WordPiece
    positional/     chapter 2: how a model knows where a token stands
        absolute       sinusoidal tables and what shifting them does
        rotary         RoPE: queries and keys turned by their position
        alibi          a penalty that grows with distance
        scaling        RoPE for texts longer than those trained on
        encodings      each of these as a part of a model, by name
    model/          chapter 3.1: what the model is
        config         all that decides a model's shape, and some well-known models
        layers         norms and feed-forward networks
        fast           norms with a backward pass of their own
        attention      queries, keys, values, and the cache
        losses         a model asked about a batch, and what its answer costs
        transformer    blocks, the whole model, how its weights begin
        accounting     parameters, operations and bytes before anything is built
        weights        a model's weights by name, compiled or not
        folders        a folder as transformers writes it: configuration, weights, tokenizer
        huggingface_config  other people's configurations in, ours out
        huggingface    other people's weights in, ours out
        generation     text out
    optim/          chapter 3.2: how it learns
        rules          one step of SGD, Adam, AdamW, as functions
        muon           one step of Muon
        optimizers     these as torch optimizers
        groups         which parameters decay, which go to Muon; an optimizer by name
        schedules      the learning rate over the steps
        gradients      accumulation, clipping, noise
        mup            one learning rate for every width
        search         which hyperparameters: grids, draws, halving, range tests
    distributed/    chapter 4: many processes
        group          who am I among the processes of a run, and what can I ask of the others
        links          how tensors travel between processes
        traffic        what a process sent and waited for
        rehearsal      ranks as threads: to try in milliseconds what will run on many machines
        launch         ranks as processes of this machine, watched
        torchrun       ranks as torchrun starts them, and what is wrong if one cannot join
        collectives    what many do together, from what two do: plain, then trees and rings
        costs          what a message costs, and what follows for all together
        strategy       what every way of training on many processes has in common
        agreement      do all ranks hold the same model? asked at the start
        buckets        gradients that travel together
        data_parallel  a whole model on every rank: naive, in buckets, under the backward pass
        memory         the ledger: which bytes a rank needs to train
        measured       bytes as they are
        flat           a vector cut into equal parts, one a rank
        units          parameters put together, used, and taken apart as one
        shards         a model's units together: their gradients, norm, whole weights
        zero           ZeRO 1 and 2: optimizer state, then gradients in shards
        fsdp           ZeRO 3: a layer is whole only while it is used
        sharded_optimizers  AdamW, which needs its own elements, and Muon, which needs the matrix
        fsdp2          PyTorch's own DDP and FSDP2 as strategies
        parallelize    one door to all of them
        tensor_parallel  each matrix cut over the ranks
        pipeline       a model cut between its layers, and who works when
        interleaved    the same with several groups of layers on each stage
        planning       how long a step takes and what it sends, before machines are rented
        paper          a run on a thousand ranks, on paper
        resharding     rows that some ranks saved, read by another number of ranks
        boxes          a run of a tensor's elements as boxes, which a checkpoint can hold
        checkpoint_state  what a sharded checkpoint holds
        checkpoint_files  a sharded checkpoint as files: its name, its sums, is it whole
        sharded_checkpoint  checkpoints that every rank writes a part of
        failures       what failures cost, and how often to save
        watch          which rank is it: the late one, the slow one, the one with the NaN
    data/           chapter 3.3: what it reads, and how good it is
        corpora        text that is there without a network, and text from the hub
        toy            the best that can be said of the toy grammar, character by character
        cleaning       which texts are worth reading
        deduplication  the same text twice, nearly
        packing        documents of all lengths into rows of one length
        batches        the batch of a step, as a function of the step
        shards         tokens on disk
        ngram          what counting reaches: the baseline
        evaluation     loss and bits per byte on text not trained on
        tasks          questions with several endings, and which one a model chooses
    training/       chapter 3.4: the one loop, and what it leaves
        proofs         what a right model must do before its training is paid for
        steps          one step, on one process or many, and a batch cut into micro-batches
        settings       all that decides how a model is trained
        loop           batches in, a trained model and its history out, on one process or many
        history        the rows of a run
        checkpoint     the state of a run, whole or not there
    finetuning/     chapter 4: teaching a finished model something new on small devices
        lora           a frozen matrix, and a thin pair beside it that learns
        nf4            weights in four bits
        sharded        4-bit weights of which each process keeps a part
    scaling_laws/   chapter 5: what a budget of computation buys
        budgets        operations, device-hours, energy and money of a run
        runs           a table of runs: read from any CSV, or refused by row
        laws           loss by parameters and tokens, its optimum, published constants
        fitting        the fit: a Huber loss of log losses, from many starts at once
        intervals      how sure: the bootstrap, and a profile where it is skewed
        isoflop        parabolas of equal budgets, and the envelope of training curves
        replication    what a re-analysis found, computed
        recorded       the course's own ladder of runs, as recorded; runs on a metered budget
        repetition     the same text again: effective data
        serving        the optimum when the model will be used
        transfer       power laws of learning rate and batch size
        emergence      metrics that jump where the loss does not
        extrapolation  what a small ladder says about a large run, and how surely
        candidates     models that a plan may choose from, and the choice
        layouts        how a model lies on devices: memory, and how fast they can be
        planning       a run for given devices and hours, or why not
        plan_file      a plan as a file that a program runs
    moe/            chapter 6: many experts, of which a token meets a few
        routing        which experts a token meets, and what their answers count
        auxiliary      losses that join the backward pass, and counts that are taken there
        balance        what keeps experts busy: auxiliary losses, the z-loss, a bias
        dispatch       tokens sorted by expert and back, and those for whom there is no room
        fast           experts with a backward pass of their own
        experts        many small networks: one after another, and at once
        config         experts in the place of a feed-forward network, and what they cost
        layer          router, experts and balance as one module
        expert_parallel  experts that live on many ranks: tokens travel there and back
        sharded_experts  experts on one dimension of a grid of ranks, all else sharded over all of it
        upcycling      a dense model made into a mixture, which goes on from there
        published      mixtures that others have trained, and their published counts
        huggingface    other people's mixtures in, ours out
    pretrain/       chapter 7: one program that pretrains
        settings/      what a run is told
            sections       the settings of a run, a section at a time
            toml           settings as a file: written, and changed field by field
            config         one file of settings, every mistake told before a rank starts
        safety/        nothing is lost, nobody waits for ever
            whose          whose code a run computes with, and whose has failed
            watchdog       a rank that hangs says where, and ends
            stopping       signals, and leaving in good order
            waiting        one rank works for all, and the others wait as long as it moves
            folder         the folder of a run: who writes to it, and how the run ended
        data/          text of any size as tokens
            sources        files, folders and corpora to read, in parts that processes can share
            documents      texts out of these parts, a megabyte at a time
            parts          one part: read, tokenized, written as a shard
            workers        processes that do parts, and the one that hands them out
            prepare        a corpus tokenized to shards by many processes, resumable
            corpora        the text of a run as tokens: made once, opened by all ranks
            mixture        batches of several sources, by weight
        run/           the run itself
            first_weights  the first weights, layer by layer, the same on any ranks
            sampling       text out of a run as it is written, and whether it is Python
            monitor        what a run measures besides its loss
            engine         the one function that composes a run
            on_paper       a configuration on ranks that are not there: does it fit
        results/       what a run leaves behind
            trained        a model out of training: from a run's folder, or from an exported one
            card           what a model card says
            export         a run's model as a folder for transformers, read back and compared
            curves         one offline page of plots that compares runs
        own_texts/     somebody's own texts
            texts          what is learned from, and what is held out to judge by
            starter        a small run for them: how large, how long, its settings
        __main__       `torchrun -m llmcourse.pretrain CONFIG`
    course/         the machinery: a learner's commands, notebooks, grading, the book
    files.py        files that are whole or not there
    values.py       values that only look like those wanted: made so, or refused by name
    _sections.py    what a workspace keeps of a learner's own definitions
    _overlay.py     a learner's own definitions inside these modules

Inside a room the order is that of reading: the plain way, then the fast one, then the one for many processes.

With the environment variable `LLMCOURSE_WORKSPACE` set, the definitions that a learner built there run in place of the
library's own, in this process and in every process it starts.
"""

import os as _os

from llmcourse import _overlay, _sections

__version__ = "0.1.0"

if _os.environ.get(_sections.WORKSPACE_VARIABLE):
    _overlay.install(_os.environ[_sections.WORKSPACE_VARIABLE])
