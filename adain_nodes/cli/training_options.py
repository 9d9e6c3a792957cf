"""The options of `adain train`, each spelled once. Their defaults are those of ``TrainingConfig``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from adain_nodes.cli.options import option

_OBJECTIVE, _SCHEDULE, _DATA, _MACHINE = "Objective", "Optimisation", "Pictures", "Machine"

Content = Annotated[
    list[str], option("--content", metavar="DIR[:WEIGHT]", help="Photographs; repeat it for more folders.")
]
Style = Annotated[
    list[str],
    option("--style", "-s", metavar="DIR[:WEIGHT]", help="Styles; those of DIR:2 are drawn twice as often."),
]
Out = Annotated[Path, option("--out", "-o", help="The run's folder.")]
Resume = Annotated[Path | None, option(help="Go on with the run in this folder.")]
LossNetwork = Annotated[
    str, option(panel="Model", help="The VGG-19 that judges: a name of the catalogue or a weight file.")
]
FromScratch = Annotated[
    bool, option("--from-scratch", panel="Model", help="Train from random weights; the model needs no decoder.")
]
Objective = Annotated[
    Literal["decoder", "joint"], option(panel=_OBJECTIVE, help="Train the decoder, or both networks jointly.")
]
ContentWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of the content loss.")]
StyleWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of the style loss.")]
ContentTarget = Annotated[
    Literal["t", "content"], option(panel=_OBJECTIVE, help="Compare with the AdaIN features, or with the content's.")
]
VariationWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of the total variation, against noise.")]
ReconstructionWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of giving back the content at alpha 0.")]
Teacher = Annotated[
    str | None,
    option(panel=_OBJECTIVE, help="A method to learn from: a model's name, a weight file, or microast:FOLDER."),
]
TeacherWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of coming close to the teacher's picture.")]
Denoise = Annotated[
    bool, option("--denoise", panel=_OBJECTIVE, help="Give the encoder that noise, and compare with pictures without.")
]
Overshoot = Annotated[
    float, option(panel=_OBJECTIVE, help="Share of what lies beyond black and white that the losses see; 1: all.")
]
NoiseWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of giving the same picture under sensor noise.")]
Noise = Annotated[float, option(panel=_OBJECTIVE, help="Standard deviation of that noise, of a range of 1.")]
HaloWeight = Annotated[float, option(panel=_OBJECTIVE, help="Of smooth grounds without rims around objects.")]
Warmup = Annotated[
    int, option(panel=_OBJECTIVE, help="Steps at first that only reconstruct, for runs that look stuck.")
]
Steps = Annotated[int, option(panel=_SCHEDULE, help="Steps in all.")]
Batch = Annotated[int, option(panel=_SCHEDULE, help="Pairs in a step.")]
Accumulate = Annotated[int, option(panel=_SCHEDULE, help="Parts that a batch is run in, to save memory.")]
LearningRate = Annotated[float, option("--learning-rate", "--lr", panel=_SCHEDULE, help="The first rate.")]
Decay = Annotated[float, option(panel=_SCHEDULE, help="The rate at step t is divided by 1 + decay × t.")]
Ramp = Annotated[int, option(panel=_SCHEDULE, help="First steps, over which the rate rises.")]
Cooldown = Annotated[int, option(panel=_SCHEDULE, help="Last steps, over which the rate falls to nothing.")]
Optimiser = Annotated[
    Literal["adam", "muon"], option(panel=_SCHEDULE, help="The paper's, or one that learns faster from random weights.")
]
Clip = Annotated[float, option(panel=_SCHEDULE, help="Longest gradient; 0 for no limit.")]
Average = Annotated[
    float, option(panel=_SCHEDULE, help="Decay of the average of the weights that is the result; 0 for none.")
]
Seed = Annotated[int, option(panel=_SCHEDULE, help="Decides every random number.")]
Size = Annotated[int, option(panel=_DATA, help="Short side that pictures are brought to.")]
Crop = Annotated[int, option(panel=_DATA, help="Side of the squares cut from them.")]
Flip = Annotated[bool, option("--flip", panel=_DATA, help="Mirror half of them.")]
Views = Annotated[
    int, option(panel=_DATA, help="Cuts of a picture, each judged once; more memory, less work. 0: always new ones.")
]
Cache = Annotated[bool, option("--cache", panel=_DATA, help="Keep all pictures in memory once they are read.")]
Workers = Annotated[int, option(panel=_DATA, help="Processes that read pictures; 0 for none.")]
CheckpointEvery = Annotated[int, option(panel=_MACHINE, help="Steps between checkpoints.")]
SampleEvery = Annotated[int, option(panel=_MACHINE, help="Steps between curves and sheets of samples.")]
Precision = Annotated[Literal["float32", "bfloat16"], option(panel=_MACHINE, help="Of the convolutions.")]
