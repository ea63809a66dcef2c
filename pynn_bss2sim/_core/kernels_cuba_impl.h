/* Current-based LIF in single precision; included by kernels_silicon_impl.h.
 *
 * There is so little to compute that it would take longer to turn doubles into floats and back in
 * each step. So the membrane is kept as a float, too: u = v - e_leak. */

/* Take the membranes of a tile from where they lie. */
BSS_SPECIALIZE void BSS_NAME(take_membranes)(const bss_cuba_lif_columns *restrict c,
                                             const bss_tile *tile, const int mode)
{
    bss_singles *restrict single = tile->single;
    const double *restrict v = tile->cells.v;
    BSS_EACH {
        const double e_leak = BSS_DOUBLE(e_leak);
        single->u[j] = BSS_NAME(shown)((float)(v[j] - e_leak));
        single->thresh[j] = (float)(BSS_DOUBLE(v_thresh) - e_leak);
        single->reset[j] = (float)(BSS_DOUBLE(v_reset) - e_leak);
    }
    if (mode >= BSS_SILICON) {
        BSS_EACH {
            single->low[j] = (float)(BSS_DOUBLE(v_floor) - BSS_DOUBLE(e_leak));
            single->high[j] = (float)(BSS_DOUBLE(v_ceiling) - BSS_DOUBLE(e_leak));
        }
    }
}

/* Put them back. */
BSS_SPECIALIZE void BSS_NAME(put_membranes)(const bss_cuba_lif_columns *restrict c,
                                            const bss_tile *tile)
{
    const float *restrict u = tile->single->u;
    double *restrict v = tile->cells.v;
    BSS_EACH {
        v[j] = BSS_DOUBLE(e_leak) + (double)u[j];
    }
}

/* A step: exact but for what saturation takes from the currents. That is a constant current over
 * the step: that of the lines' mean values, and for the leak that at the middle of the step, taken
 * from the begin and its slope there (second order). */
BSS_SPECIALIZE uint32_t BSS_NAME(single_cuba_lif)(const bss_cuba_lif_columns *restrict c,
                                                  const bss_tile *tile, const int mode)
{
    bss_singles *restrict single = tile->single;
    const float now = (float)tile->now;
    uint32_t any = 0;
    BSS_EACH {
        const float i0 = single->line0[j], i1 = single->line1[j], u = single->u[j];
        float push = i0 * BSS_OF(p_v0) + (i1 * BSS_OF(p_v1) + single->drive[j]);
        float change0 = i0 * BSS_OF(decay0), change1 = i1 * BSS_OF(decay1);
        float held = 0.0f, change, u_new;
        if (mode >= BSS_SILICON) {
            push = push
                   + (BSS_OF(line_c0) * BSS_NAME(excess)(i0 * BSS_OF(line_u0))
                      + BSS_OF(line_c1) * BSS_NAME(excess)(i1 * BSS_OF(line_u1)));
            held = (u - single->reset[j]) * BSS_OF(reset_keep);
        }
        if (mode == BSS_NOISY) {
            push += BSS_NOISE_V;
            change0 += BSS_NOISE_LINE(0);
            change1 += BSS_NOISE_LINE(1);
        }
        change = u * BSS_OF(p_vv) + push;
        if (mode >= BSS_SILICON) {
            const float leak_u = BSS_OF(leak_u), leak_c = BSS_OF(leak_c);
            const float far_u = u * leak_u, y = BSS_NAME(clipped)(far_u), y2 = y * y;
            /* minus half the derivative by u of what is lost */
            const float slope = (leak_u * leak_c) * (1.5f * y2);
            change = change - leak_c * ((y - far_u) - y2 * y);
            change = change + slope * change;
        }
        u_new = u + BSS_NAME(where_f)(-(uint32_t)(single->hold[j] > now), held, change);
        if (mode >= BSS_SILICON) {
            const float low = single->low[j], high = single->high[j];
            u_new = u_new < low ? low : u_new;
            u_new = u_new > high ? high : u_new;
        }
        u_new = BSS_NAME(shown)(u_new);
        single->u[j] = u_new;
        any |= -(uint32_t)(u_new >= single->thresh[j]);
        single->line0[j] = i0 + change0;
        single->line1[j] = i1 + change1;
    }
    return any;
}
