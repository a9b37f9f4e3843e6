"""A transformer autoencoder of spectra: patches in, a code per patch, patches out.

After Sparavigna (2025), Spectral Clustering of Mineralogical Data Using a Transformer
Autoencoder, which gives neither sizes nor layers; those are options (see
`raman_pipeline.learning.denoising.presets`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

GAIN = 8.0
"""Scale of spectra inside the network; large, so that blocks change them little at first."""


class TransformerBlock(nn.Module):
    """x + Attention(LN(x)), then x + MLP(LN(x)), as in pre-norm transformers.

    Both branches end in a layer of zeros, so that an untrained block is the identity.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.attention_out = nn.Linear(dim, dim)
        self.mlp_norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, 4 * dim)
        self.project = nn.Linear(4 * dim, dim)
        for last in (self.attention_out, self.project):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the same shape, [batch, tokens, dim]."""
        batch, tokens, dim = x.shape
        q, k, v = (
            self.query_key_value(self.attention_norm(x))
            .view(batch, tokens, 3, self.heads, dim // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        attended = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.attention_out(attended.transpose(1, 2).reshape(batch, tokens, dim))
        return x + self.project(functional.gelu(self.expand(self.mlp_norm(x))))


class TransformerAutoencoder(nn.Module):
    """Maps spectra [batch, length] to a latent [batch, tokens · code], and back.

    An untrained network is the identity: the embedding of a patch and the layers behind it are
    orthonormal, and the blocks add nothing yet. So training has to learn the noise only, not
    to copy.

    Args:
        length: grid points of a spectrum, a multiple of `patch`.
        patch: grid points of a token.
        dim: width of a token.
        heads: of the attention; divide `dim`.
        encoder_depth: blocks before the code.
        decoder_depth: blocks after it.
        code: size of a token's code in the latent; at least `patch`.
        context: whether a token includes the adjacent patches.
        projection: size of the projection head, see `project`; 0 for none.
    """

    def __init__(
        self,
        length: int,
        patch: int,
        dim: int,
        heads: int,
        encoder_depth: int,
        decoder_depth: int,
        code: int,
        context: bool = True,
        projection: int = 0,
    ) -> None:
        super().__init__()
        if length % patch or not patch <= code <= dim:
            raise ValueError(
                f"{length} points need a patch that divides them and patch <= code <= dim, not "
                f"patch {patch}, code {code}, dim {dim}"
            )
        self.patch, self.code, self.tokens = patch, code, length // patch
        self.window = 3 * patch if context else patch
        self.embed = nn.Linear(self.window, dim)
        self.position = nn.Parameter(torch.empty(self.tokens, dim))
        self.encoder = nn.Sequential(*[TransformerBlock(dim, heads) for _ in range(encoder_depth)])
        self.to_code = nn.Linear(dim, code)
        self.from_code = nn.Linear(code, dim)
        self.decoder = nn.Sequential(*[TransformerBlock(dim, heads) for _ in range(decoder_depth)])
        self.to_patch = nn.Linear(dim, patch)
        self.to_projection = nn.Linear(self.tokens * code, projection) if projection else None
        nn.init.trunc_normal_(self.position, std=0.02)
        self._start_as_identity()

    @property
    def latent_size(self) -> int:
        """Size of a latent."""
        return self.tokens * self.code

    def encode(self, spectra: Tensor) -> Tensor:
        """Returns latents, [batch, tokens · code]."""
        beside = (self.window - self.patch) // 2
        patches = functional.pad(spectra, (beside, beside)).unfold(1, self.window, self.patch)
        x = self.encoder(self.embed(patches) + self.position)
        return self.to_code(x).flatten(1)

    def decode(self, latents: Tensor) -> Tensor:
        """Returns spectra, [batch, length]."""
        codes = latents.unflatten(1, (self.tokens, self.code))
        x = self.from_code(codes) + self.position
        return self.to_patch(self.decoder(x)).flatten(1)

    def project(self, latents: Tensor) -> Tensor:
        """Returns projections of latents as unit vectors, [batch, projection].

        Raises:
            ValueError: the network has no projection head.
        """
        if self.to_projection is None:
            raise ValueError("no projection head; set `projection` in the autoencoder's preset")
        return functional.normalize(self.to_projection(latents), dim=1)

    def forward(self, spectra: Tensor) -> Tensor:
        """Returns reconstructed spectra, [batch, length]."""
        return self.decode(self.encode(spectra))

    @torch.no_grad()
    def _start_as_identity(self) -> None:
        dim = self.embed.out_features
        basis = torch.linalg.qr(torch.randn(dim, dim)).Q
        own = basis[:, : self.patch]
        for layer in (self.embed, self.to_code, self.from_code, self.to_patch):
            nn.init.zeros_(layer.bias)
        self.embed.weight.zero_()
        beside = (self.window - self.patch) // 2
        columns = [*range(beside, beside + self.patch)]
        columns += [i for i in range(self.window) if i not in columns]
        # The patch itself comes first; adjacent points get the directions that are left.
        for column, direction in zip(columns, basis.T, strict=False):
            self.embed.weight[:, column] = GAIN * direction
        self.to_code.weight.copy_(basis[:, : self.code].T / GAIN)
        self.from_code.weight.copy_(basis[:, : self.code] * GAIN)
        self.to_patch.weight.copy_(own.T / GAIN)
        # The position must not be mistaken for intensity.
        self.position.sub_(self.position @ own @ own.T)
